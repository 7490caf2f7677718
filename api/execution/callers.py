"""Whose bucket a request is charged to.

The rule: who acts pays, and whoever can make credentials gains nothing by making more. All API tokens of a holder, the
agents' too, share one bucket, and all sessions share another, so that a script gone wild does not keep its owner from
the page on which its token is revoked; who acts for another's account spends their own points and not that account's.
A partner pays as that partner, whoever stands for it. Who is unknown pays by network, under a keyed hash: no address is
kept (clause 1.4-a).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from api.execution.charges import Caller, CallerKind
from api.kit.addresses import truncate_address
from api.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Callers:
    """Names buckets by HMAC-SHA-256 under a secret of its own."""

    secret: bytes = field(repr=False)

    def of(self, viewer: Viewer) -> Caller:
        """Return who pays for what a viewer asks."""
        door = "session" if viewer.session_id is not None else "token"
        if viewer.staff_id is not None:
            return self._caller(CallerKind.STAFF, f"staff {door} {viewer.staff_id}")
        if viewer.partner_id is not None:
            return self._caller(CallerKind.HOLDER, f"partner {door} {viewer.partner_id}")
        if viewer.person is not None:
            return self._caller(CallerKind.HOLDER, f"person {door} {viewer.person.id}")
        return self._caller(CallerKind.ANONYMOUS, f"network {truncate_address(viewer.origin.address)}")

    def _caller(self, kind: CallerKind, name: str) -> Caller:
        return Caller(kind, hmac.digest(self.secret, name.encode(), "sha256"))
