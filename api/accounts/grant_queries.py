"""Reading who may act for an account, whom one may act for, which partners there are, and what left for recipients.

The rule: the account, or the grantee, stands in every statement. Pages go from the newest to the oldest by id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from api.accounts.access import require_scopes
from api.auth.acting import grant_holds
from api.db.sessions import ReadSession
from api.models import (
    GOVERNANCE,
    AccessGrantRow,
    AccountId,
    AccountRow,
    DisclosureRow,
    InvitationRow,
    PartnerRow,
    RecipientRow,
)
from api.viewer import Viewer
from governance.ids import Pseudonym

_READ = "access:read"
_TEAMMATE = aliased(AccountRow, name="teammate")
_PERSON = GOVERNANCE.data_subject
_TEAMMATE_PERSON = _PERSON.alias("teammate_person")
_INVITED_PERSON = _PERSON.alias("invited_person")
_Select = Select[*tuple[Any, ...]]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items, how many there are in all, and whether more follow."""

    items: tuple[Item, ...]
    total: int
    has_next: bool


@dataclass(frozen=True, slots=True)
class GrantDetails:
    """A grant and to whom it was given: a partner, a teammate, or somebody who was invited and has not accepted."""

    row: AccessGrantRow
    partner: PartnerRow | None
    recipient: RecipientRow | None
    teammate: AccountRow | None
    teammate_pseudonym: Pseudonym | None
    invitation: InvitationRow | None
    invited_pseudonym: Pseudonym | None


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant as its grantee sees it, with the account and the pseudonym of its holder."""

    row: AccessGrantRow
    account: AccountRow
    holder: Pseudonym


async def access_grants_of(
    session: ReadSession, viewer: Viewer, account_id: AccountId, *, first: int, after: UUID | None
) -> Page[GrantDetails]:
    """Return a page of the grants of an account, those that ended too."""
    require_scopes(viewer, _READ)
    own = AccessGrantRow.account_id == account_id
    found = await _page(session, _with_grantee(), AccessGrantRow.id, (own,), first=first, after=after)
    total = await session.scalar(select(func.count()).select_from(AccessGrantRow).where(own))
    return Page(tuple(GrantDetails(*row) for row in found[:first]), total or 0, len(found) > first)


async def access_grant_of(session: ReadSession, account_id: AccountId, grant_id: UUID) -> GrantDetails | None:
    """Return one grant of the account; None for a missing one and for somebody else's alike."""
    statement = _with_grantee().where(AccessGrantRow.id == grant_id, AccessGrantRow.account_id == account_id)
    row: Any = (await session.execute(statement)).one_or_none()
    return GrantDetails(*row) if row is not None else None


async def held_grants_of(
    session: ReadSession, viewer: Viewer, now: datetime, *, first: int, after: UUID | None
) -> Page[HeldGrant]:
    """Return a page of the grants under which the viewer may act now: a partner's, or those of a signed-in holder."""
    require_scopes(viewer, _READ)
    if viewer.partner_id is None and viewer.account_id is None:
        return Page((), 0, has_next=False)
    given = (
        AccessGrantRow.partner_id == viewer.partner_id
        if viewer.partner_id is not None
        else AccessGrantRow.grantee_account_id == viewer.account_id
    )
    which = (given, AccountRow.closed_at.is_(None), *grant_holds(now))
    statement = _granting(select(AccessGrantRow, AccountRow, _PERSON.c.pseudonym))
    found = await _page(session, statement, AccessGrantRow.id, which, first=first, after=after)
    total = await session.scalar(_granting(select(func.count(AccessGrantRow.id))).where(*which))
    return Page(tuple(HeldGrant(*row) for row in found[:first]), total or 0, len(found) > first)


async def partners(session: ReadSession, *, first: int, after: UUID | None) -> Page[tuple[PartnerRow, RecipientRow]]:
    """Return a page of the partners that may be granted something."""
    statement = select(PartnerRow, RecipientRow).join(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
    found = await _page(session, statement, PartnerRow.id, _in_force(), first=first, after=after)
    counted = (
        select(func.count()).select_from(PartnerRow).join(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
    )
    total = await session.scalar(counted.where(*_in_force()))
    return Page(tuple((row[0], row[1]) for row in found[:first]), total or 0, len(found) > first)


async def partner_of(session: ReadSession, partner_id: UUID) -> tuple[PartnerRow, RecipientRow] | None:
    """Return a partner that may be granted something."""
    statement = select(PartnerRow, RecipientRow).join(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
    row = (await session.execute(statement.where(PartnerRow.id == partner_id, *_in_force()))).one_or_none()
    return (row[0], row[1]) if row is not None else None


async def disclosures_of(
    session: ReadSession, viewer: Viewer, account_id: AccountId, *, first: int, after: UUID | None
) -> Page[DisclosureRow]:
    """Return a page of what left for recipients: authorities, and partners who were shown something."""
    require_scopes(viewer, _READ)
    own = DisclosureRow.account_id == account_id
    found = await _page(session, select(DisclosureRow), DisclosureRow.id, (own,), first=first, after=after)
    total = await session.scalar(select(func.count()).select_from(DisclosureRow).where(own))
    return Page(tuple(row[0] for row in found[:first]), total or 0, len(found) > first)


def _with_grantee() -> _Select:
    return (
        select(
            AccessGrantRow,
            PartnerRow,
            RecipientRow,
            _TEAMMATE,
            _TEAMMATE_PERSON.c.pseudonym,
            InvitationRow,
            _INVITED_PERSON.c.pseudonym,
        )
        .outerjoin(PartnerRow, PartnerRow.id == AccessGrantRow.partner_id)
        .outerjoin(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
        .outerjoin(_TEAMMATE, _TEAMMATE.id == AccessGrantRow.grantee_account_id)
        .outerjoin(_TEAMMATE_PERSON, _TEAMMATE_PERSON.c.id == _TEAMMATE.data_subject_id)
        .outerjoin(InvitationRow, InvitationRow.access_grant_id == AccessGrantRow.id)
        .outerjoin(_INVITED_PERSON, _INVITED_PERSON.c.id == InvitationRow.data_subject_id)
    )


def _granting(columns: _Select) -> _Select:
    return columns.join(AccountRow, AccountRow.id == AccessGrantRow.account_id).join(
        _PERSON, _PERSON.c.id == AccountRow.data_subject_id
    )


def _in_force() -> tuple[ColumnElement[bool], ...]:
    return (PartnerRow.disabled_at.is_(None), RecipientRow.approved_at.is_not(None), RecipientRow.ended_at.is_(None))


async def _page(
    session: ReadSession,
    statement: _Select,
    key: Any,
    which: tuple[ColumnElement[bool], ...],
    *,
    first: int,
    after: UUID | None,
) -> list[Any]:
    """Return one row more than asked for, if there are more."""
    statement = statement.where(*which).order_by(key.desc()).limit(first + 1)
    if after is not None:
        statement = statement.where(key < after)
    return list((await session.execute(statement)).all())
