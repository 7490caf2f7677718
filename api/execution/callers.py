"""Whose bucket a request is charged to.

The rule: whoever can make credentials gains nothing by making more. All API tokens of an account, its agents' too,
share one bucket, and all its sessions share another, so that a script gone wild does not keep its owner from the page
on which its token is revoked. Partners and teammates pay from a bucket of their own, so they cannot spend a holder's.
Who is unknown pays by network, under a keyed hash: no address is kept (clause 1.4-a).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from api.execution.charges import Caller, CallerKind
from api.kit.addresses import truncate_address
from api.viewer import DELEGATED_ROLES, Viewer


@dataclass(frozen=True, slots=True)
class Callers:
    """Names buckets by HMAC-SHA-256 under a secret of its own."""

    secret: bytes = field(repr=False)

    def of(self, viewer: Viewer) -> Caller:
        """Return who pays for what a viewer asks."""
        door = "session" if viewer.session_id is not None else "token"
        if viewer.staff_id is not None:
            return self._caller(CallerKind.STAFF, f"staff {door} {viewer.staff_id}")
        if viewer.role in DELEGATED_ROLES and viewer.person is not None:
            return self._caller(CallerKind.HOLDER, f"acting {door} {viewer.person.id}")
        if viewer.account_id is not None:
            return self._caller(CallerKind.HOLDER, f"account {door} {viewer.account_id}")
        return self._caller(CallerKind.ANONYMOUS, f"network {truncate_address(viewer.origin.address)}")

    def _caller(self, kind: CallerKind, name: str) -> Caller:
        return Caller(kind, hmac.digest(self.secret, name.encode(), "sha256"))
