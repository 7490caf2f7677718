"""Sessions and API tokens of the caller's account by their id; somebody else's are not there."""

from uuid import UUID

from sqlalchemy import select

from api.db.sessions import ReadSession
from api.graphql.accounts import ApiToken, Session
from api.models import AccountId, ApiTokenRow, SessionRow
from api.viewer import Viewer
from governance.clock import Clock
from governance.ids import Pseudonym


async def session_node(
    session: ReadSession, viewer: Viewer, clock: Clock, row_id: UUID, about: tuple[Pseudonym, ...]
) -> Session | None:
    """Return a session of the account that has not ended."""
    statement = select(SessionRow).where(
        SessionRow.id == row_id,
        SessionRow.account_id == _own(viewer),
        SessionRow.revoked_at.is_(None),
        SessionRow.expires_at > clock.now(),
    )
    row = (await session.scalars(statement)).one_or_none()
    return Session(row=row, about=about, current_id=viewer.session_id) if row is not None else None


async def api_token_node(
    session: ReadSession, viewer: Viewer, row_id: UUID, about: tuple[Pseudonym, ...]
) -> ApiToken | None:
    """Return an API token of the account, also one that has ended."""
    statement = select(ApiTokenRow).where(ApiTokenRow.id == row_id, ApiTokenRow.account_id == _own(viewer))
    row = (await session.scalars(statement)).one_or_none()
    return ApiToken(row=row, about=about) if row is not None else None


def _own(viewer: Viewer) -> AccountId:
    """Return the account; callers who act for none were answered before."""
    assert viewer.account_id is not None
    return viewer.account_id
