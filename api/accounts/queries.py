"""What holders read of their own access: account, sessions, API tokens, security log, by keyset.

The rule: each statement holds the condition on the viewer's own account; there is no other way to ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from api.accounts.access import require_account, require_scopes
from api.accounts.errors import SignInRequired
from api.accounts.holders import Holder, holder_of
from api.db.sessions import ReadSession
from api.kit.errors import InvalidInput
from api.models import ApiTokenRow, SecurityEventRow, SessionRow
from api.viewer import Viewer
from governance.clock import Clock

LONGEST_PAGE: Final = 100
Row = TypeVar("Row", SessionRow, ApiTokenRow, SecurityEventRow)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, newest first. `total` counts all there are, not only those after the cursor."""

    rows: tuple[Row, ...]
    total: int
    has_next: bool


async def account_of(session: ReadSession, viewer: Viewer) -> Holder:
    """Return the viewer's own account, from which all else is reached; the schema guards each value of it."""
    holder = await holder_of(session, require_account(viewer))
    if holder is None:
        raise SignInRequired
    return holder


async def sessions_of(
    session: ReadSession, viewer: Viewer, clock: Clock, *, first: int, after: UUID | None = None
) -> Page[SessionRow]:
    """Return the sessions that are signed in now."""
    own = (
        SessionRow.account_id == _own(viewer),
        SessionRow.revoked_at.is_(None),
        SessionRow.expires_at > clock.now(),
    )
    return await _page(session, SessionRow, own, first, after)


async def api_tokens_of(
    session: ReadSession, viewer: Viewer, *, first: int, after: UUID | None = None
) -> Page[ApiTokenRow]:
    """Return the API tokens, those of agents, and expired and revoked ones too."""
    return await _page(session, ApiTokenRow, (ApiTokenRow.account_id == _own(viewer),), first, after)


async def security_events_of(
    session: ReadSession, viewer: Viewer, *, first: int, after: UUID | None = None
) -> Page[SecurityEventRow]:
    """Return what concerned the safety of the account in the last 90 days."""
    _own(viewer)
    person = viewer.holder
    own = (SecurityEventRow.data_subject_id == (person.id if person else None),)
    return await _page(session, SecurityEventRow, own, first, after)


def _own(viewer: Viewer) -> Any:
    require_scopes(viewer, "security:read")
    return require_account(viewer)


async def _page(
    session: ReadSession, table: type[Row], own: tuple[ColumnElement[bool], ...], first: int, after: UUID | None
) -> Page[Row]:
    if not 0 <= first <= LONGEST_PAGE:
        raise InvalidInput(f"Ask for 0 to {LONGEST_PAGE} at once.", rule="page-size", field=("first",))
    statement = select(table).where(*own).order_by(table.id.desc()).limit(first + 1)
    if after is not None:
        statement = statement.where(table.id < after)
    rows = tuple((await session.scalars(statement)).all())
    total = await session.scalar(select(func.count()).select_from(table).where(*own)) or 0
    return Page(rows[:first], total, len(rows) > first)
