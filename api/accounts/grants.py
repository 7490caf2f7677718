"""Who may act for an account besides its holder: granted in a browser, shown, ended at once.

The rule: only the holder grants, signed in; only what stands on the closed lists can be granted; and every grant has an
end. Ending one is announced when it commits (a trigger), so that no process goes on believing in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select

from api.accounts.access import require_account, require_own_session, require_scopes, require_verified
from api.accounts.errors import SettingRefused, SignInRequired
from api.accounts.holders import Holder, locked_holder
from api.accounts.idempotency import KeyUse, claim_key
from api.accounts.mails import mail_access_granted
from api.accounts.restriction_errors import TooManyAccessGrants
from api.accounts.security_log import SecurityEvent, log_security
from api.auth.delegation import DELEGABLE_CATEGORIES, DELEGABLE_SCOPES
from api.auth.errors import ScopeRefused
from api.kit.errors import NotFound
from api.models import (
    CATALOG,
    GOVERNANCE,
    AccessGrantId,
    AccessGrantRow,
    InvitationRow,
    PartnerId,
    PartnerRow,
    RecipientRow,
)
from api.work import Work
from governance.access import covers, intersection
from governance.ids import new_id

MOST_GRANTS: Final = 100
LONGEST: Final = timedelta(days=366)
GRANTED: Final = (
    AccessGrantRow.scopes,
    AccessGrantRow.categories,
    AccessGrantRow.created_at,
    AccessGrantRow.until,
)
_GRANTS: Final = "access:write"
_NOBODY: Final = "Nobody was granted anything."


@dataclass(frozen=True, slots=True)
class Terms:
    """What is granted: scopes, data categories, and until when."""

    scopes: tuple[str, ...]
    categories: tuple[str, ...]
    until: datetime

    def fingerprint(self, grantee: str) -> dict[str, object]:
        """Return what makes two requests the same."""
        return {
            "grantee": grantee,
            "scopes": sorted(self.scopes),
            "categories": sorted(self.categories),
            "until": self.until.isoformat(),
        }


async def grant_partner_access(work: Work, partner_id: PartnerId, asked: Terms, idempotency_key: str) -> AccessGrantRow:
    """Let an approved partner act for the viewer's account. The holder is told by mail; a repetition grants once."""
    holder = await granting_holder(work)
    made = AccessGrantId(new_id(work.clock))
    use = KeyUse("grantPartnerAccess", idempotency_key)
    grant_id = await claim_key(work, use, asked.fingerprint(str(partner_id)), made)
    if grant_id == made:
        name = await _approved_partner(work, partner_id)
        row = await new_grant(work, holder, made, asked)
        row.partner_id, row.accepted_at = partner_id, work.clock.now()
        await work.session.flush()
        await mail_access_granted(work, holder, name, row)
        await log_security(
            work,
            holder.person,
            SecurityEvent.ACCESS_GRANTED,
            "grantPartnerAccess",
            *GRANTED,
            AccessGrantRow.accepted_at,
        )
    return await own_grant(work, grant_id)


async def revoke_access_grant(work: Work, grant_id: AccessGrantId) -> AccessGrantRow:
    """End a grant, or withdraw an invitation, at once; raise `NotFound` if it is not the viewer's. Safe to repeat."""
    require_scopes(work.viewer, _GRANTS)
    row = await own_grant(work, grant_id, lock=True)
    holder = work.viewer.holder
    if row.revoked_at is None and holder is not None:
        row.revoked_at = work.clock.now()
        await work.session.flush()
        await forget_invited(work, row.id)
        await log_security(work, holder, SecurityEvent.ACCESS_REVOKED, "revokeAccessGrant", AccessGrantRow.revoked_at)
    return row


async def granting_holder(work: Work) -> Holder:
    """Return the holder, locked, who is signed in by browser with a confirmed address: nobody else grants."""
    account_id, _ = require_own_session(work.viewer)
    require_scopes(work.viewer, _GRANTS)
    await require_verified(work)
    holder = await locked_holder(work.session, account_id)
    if holder is None:
        raise SignInRequired
    return holder


async def new_grant(work: Work, holder: Holder, grant_id: AccessGrantId, asked: Terms) -> AccessGrantRow:
    """Add a grant to nobody yet, with what of the terms can be granted; raise where they cannot be met."""
    await _refuse_surplus(work, holder)
    row = AccessGrantRow(
        id=grant_id,
        account_id=holder.account.id,
        scopes=_scopes(asked.scopes),
        categories=_categories(asked.categories),
        created_at=work.clock.now(),
        until=_end(work, asked.until),
    )
    work.session.add(row)
    return row


async def own_grant(work: Work, grant_id: UUID, *, lock: bool = False) -> AccessGrantRow:
    """Return a grant of the viewer's account; raise `NotFound` for a missing one and somebody else's alike."""
    account_id = require_account(work.viewer)
    statement = select(AccessGrantRow).where(AccessGrantRow.id == grant_id, AccessGrantRow.account_id == account_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = (await work.session.scalars(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such grant. Nothing was changed. List your grants to see which there are.")
    return row


async def forget_invited(work: Work, grant_id: AccessGrantId) -> None:
    """Forget whom the grant's invitation went to: the row, its mail and the person it stood for go together."""
    invited = select(InvitationRow.data_subject_id).where(InvitationRow.access_grant_id == grant_id)
    person = GOVERNANCE.data_subject
    await work.session.execute(delete(person).where(person.c.id.in_(invited), person.c.kind == "invited"))


async def _approved_partner(work: Work, partner_id: PartnerId) -> str:
    name = await work.session.scalar(
        select(RecipientRow.name)
        .join(PartnerRow, PartnerRow.recipient_id == RecipientRow.id)
        .where(
            PartnerRow.id == partner_id,
            PartnerRow.disabled_at.is_(None),
            RecipientRow.approved_at.is_not(None),
            RecipientRow.ended_at.is_(None),
        )
    )
    if name is None:
        raise NotFound(f"There is no such partner. {_NOBODY} `partners` lists those there are.", field=("partnerId",))
    return name


async def _refuse_surplus(work: Work, holder: Holder) -> None:
    """Raise at the limit; the account is locked already."""
    open_ones = select(func.count()).where(
        AccessGrantRow.account_id == holder.account.id,
        AccessGrantRow.revoked_at.is_(None),
        AccessGrantRow.until > work.clock.now(),
    )
    if (await work.session.scalar(open_ones) or 0) >= MOST_GRANTS:
        raise TooManyAccessGrants(MOST_GRANTS)


def _scopes(asked: tuple[str, ...]) -> list[str]:
    if not asked or not all(intersection([scope], DELEGABLE_SCOPES) for scope in asked):
        raise ScopeRefused(
            f"Name one scope or several of those that can be granted: {', '.join(sorted(DELEGABLE_SCOPES))}. {_NOBODY}",
            rule="scope-not-delegable" if asked else "no-scope",
        )
    return sorted(intersection(asked, DELEGABLE_SCOPES))


def _categories(asked: tuple[str, ...]) -> list[str]:
    known = CATALOG.categories()
    held = all(any(covers(name, category) for category in known) for name in asked)
    if not asked or not held or not all(intersection([name], DELEGABLE_CATEGORIES) for name in asked):
        raise SettingRefused(
            "Name one data category or several within those that can be granted: "
            f"{', '.join(sorted(DELEGABLE_CATEGORIES))}. {_NOBODY}",
            rule="category-not-delegable" if asked else "no-category",
            field=("categories",),
        )
    return sorted(intersection(asked, DELEGABLE_CATEGORIES))


def _end(work: Work, until: datetime) -> datetime:
    now = work.clock.now()
    if until.tzinfo is None or not now < until <= now + LONGEST:
        raise SettingRefused(
            f"A grant ends in the future, within {LONGEST.days} days. {_NOBODY}", rule="grant-end", field=("until",)
        )
    return until
