"""Acting for somebody else's account: a credential and a grant of that account's holder, in one statement.

The rule: a grant that is unknown, ended, revoked, waits, was given to somebody else or came from an account that is
closed is answered alike, so nobody learns from it which accounts exist.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, DateTime, Select, and_, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from api.auth.delegation import delegated
from api.auth.errors import GrantRefused
from api.db.sessions import ReadSession
from api.models import GOVERNANCE, AccessGrantRow, AccountId, AccountRow, PartnerId
from api.viewer import Role, Viewer
from governance.audit.event import Person

NOW: Final = bindparam("now", type_=DateTime(timezone=True))
_GRANTING: Final = aliased(AccountRow, name="granting")
_HOLDER: Final = GOVERNANCE.data_subject.alias("granting_holder")


def with_grant(
    statement: Select[*tuple[Any, ...]],
    grantee: InstrumentedAttribute[AccountId | None],
    partner: InstrumentedAttribute[PartnerId | None] | None = None,
) -> Select[*tuple[Any, ...]]:
    """Join the grant (parameter `act_for`) if it holds at `now` and is this credential's, with account and holder."""
    given = AccessGrantRow.grantee_account_id == grantee
    if partner is not None:
        given = or_(given, AccessGrantRow.partner_id == partner)
    return (
        statement.add_columns(
            AccessGrantRow.id.label("access_grant_id"),
            AccessGrantRow.scopes.label("granted_scopes"),
            AccessGrantRow.categories.label("granted_categories"),
            AccessGrantRow.until.label("granted_until"),
            _GRANTING.id.label("granting_account_id"),
            _HOLDER.c.id.label("holder_id"),
            _HOLDER.c.pseudonym.label("holder_pseudonym"),
        )
        .outerjoin(AccessGrantRow, and_(AccessGrantRow.id == bindparam("act_for"), given, *grant_holds(NOW)))
        .outerjoin(_GRANTING, and_(_GRANTING.id == AccessGrantRow.account_id, _GRANTING.closed_at.is_(None)))
        .outerjoin(_HOLDER, _HOLDER.c.id == _GRANTING.data_subject_id)
    )


def grant_holds(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    """Return the condition on grants that open something now."""
    return (
        AccessGrantRow.accepted_at.is_not(None),
        AccessGrantRow.revoked_at.is_(None),
        AccessGrantRow.until > now,
    )


async def grants_alive(session: ReadSession, grants: Collection[UUID], now: datetime) -> dict[UUID, datetime | None]:
    """Return those grants that still open something, whoever holds them, and when each ends by itself."""
    statement = (
        select(AccessGrantRow.id, AccessGrantRow.until)
        .join(_GRANTING, _GRANTING.id == AccessGrantRow.account_id)
        .where(AccessGrantRow.id.in_(grants), _GRANTING.closed_at.is_(None), *grant_holds(now))
    )
    return {row.id: row.until for row in await session.execute(statement)}


def acting_under(viewer: Viewer, row: Any) -> Viewer:
    """Return the viewer as one who acts under the grant that was joined; raise `GrantRefused` if none was.

    Agents and staff act under no grant: what they may do is fixed by what they are.
    """
    if row.holder_id is None or viewer.role not in {Role.HOLDER, Role.PARTNER}:
        raise GrantRefused
    return replace(
        viewer,
        role=Role.PARTNER if viewer.role is Role.PARTNER else Role.TEAMMATE,
        account_id=row.granting_account_id,
        own_account_id=viewer.account_id,
        granted_by=Person(row.holder_id, row.holder_pseudonym),
        access_grant_id=row.access_grant_id,
        grants=delegated(viewer.grants, row.granted_scopes, row.granted_categories),
        credential_ends_at=min(viewer.credential_ends_at or row.granted_until, row.granted_until),
    )
