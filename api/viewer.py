"""Who is asking: a principal, the account it acts for, and what it was granted.

A viewer is made once per request from a session, an API token, or nothing, and handed down; it is not looked up again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from api.models import AccessGrantId, AccountId, AgentId, ApiTokenId, PartnerId, SessionId, StaffId
from governance.access import Grants
from governance.audit.event import Actor, Person
from governance.ids import Pseudonym


class Role(StrEnum):
    """In what capacity a viewer acts; it enters audit events and the key of cached plans."""

    ANONYMOUS = "anonymous"
    HOLDER = "holder"
    AGENT = "agent"
    TEAMMATE = "teammate"
    PARTNER = "partner"
    COMPLIANCE_OFFICER = "compliance_officer"
    AUDITOR = "auditor"
    SUPPORT = "support"
    ADMINISTRATOR = "administrator"
    JOB = "job"


STAFF_ROLES: Final = frozenset({Role.COMPLIANCE_OFFICER, Role.AUDITOR, Role.SUPPORT, Role.ADMINISTRATOR})
DELEGATED_ROLES: Final = frozenset({Role.TEAMMATE, Role.PARTNER})
ALL_OWN_DATA: Final = frozenset({"user"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from. The address is whole; only security records and sealed parts may keep it so."""

    address: str = ""
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """One caller. `person` is who acts, and None only for anonymous callers and jobs; `holder` is who is spoken of.

    Teammates and partners act under a grant of another account's holder: `account_id` is that account, `granted_by` its
    holder, `own_account_id` the teammate's own one, `recipient` the partner's code in the register. A partner that acts
    for nobody has no account.
    """

    role: Role
    origin: Origin = Origin()
    person: Person | None = None
    account_id: AccountId | None = None
    staff_id: StaffId | None = None
    session_id: SessionId | None = None
    api_token_id: ApiTokenId | None = None
    agent_id: AgentId | None = None
    grants: Grants = field(default_factory=Grants)
    granted_by: Person | None = None
    own_account_id: AccountId | None = None
    access_grant_id: AccessGrantId | None = None
    partner_id: PartnerId | None = None
    recipient: str | None = None
    credential_ends_at: datetime | None = field(default=None, compare=False)
    """When the session or API token, or the grant acted under, ends by itself; None where nothing does."""

    @property
    def holder(self) -> Person | None:
        """Return whose account is acted for: who acts, unless under a grant. None where there is no account."""
        if self.account_id is None:
            return None
        return self.person if self.access_grant_id is None else self.granted_by

    @property
    def actor(self) -> Actor:
        """Return how audit events name this viewer."""
        return Actor(self.person.pseudonym if self.person else None, self.role.value)

    @property
    def spoken_of(self) -> frozenset[Pseudonym]:
        """Return of whom the rows of the account tell: its holder."""
        return frozenset((self.holder.pseudonym,)) if self.holder else frozenset()

    @property
    def is_staff(self) -> bool:
        """Tell whether the operator's own people are asking."""
        return self.role in STAFF_ROLES

    def sealed_origin(self) -> dict[Person, dict[str, Any]]:
        """Return what identifies the caller, for the sealed part of an event; empty for nobody known."""
        if self.person is None or not (self.origin.address or self.origin.user_agent):
            return {}
        return {self.person: {"address": self.origin.address, "user_agent": self.origin.user_agent}}


def anonymous(origin: Origin) -> Viewer:
    """Return the viewer of a request that says nothing about who asks."""
    return Viewer(Role.ANONYMOUS, origin)


JOB: Final = Viewer(Role.JOB)
