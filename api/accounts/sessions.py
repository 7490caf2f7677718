"""Sessions of browsers: begun, given a new secret, listed elsewhere, ended.

The rule: only the hash of a session's secret is stored, a session never outlives 30 days (5.1-a), and whoever signs in
or proves the password again gets a new secret, so that a secret known before is worth nothing after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, select, update

from api.accounts.access import require_account, require_holder, require_own_session, require_scopes
from api.accounts.errors import SignInRequired
from api.accounts.security_log import SecurityEvent, log_security
from api.kit.errors import NotFound
from api.kit.secrets import hash_secret, random_url_token
from api.models import AccountId, SessionId, SessionRow, StaffId
from api.viewer import Viewer
from api.work import Work
from governance.audit.event import EventKind, Person
from governance.ids import new_id

STAYING: Final = timedelta(days=30)
PASSING: Final = timedelta(hours=12)
MOST_SESSIONS: Final = 20
_LONGEST_ADDRESS: Final = 45
_LONGEST_USER_AGENT: Final = 300


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a browser gets. `cookie_life` None: the session cookie ends with the browser session.

    `device_secret` None: leave the device cookie as it is.
    """

    session_secret: str = field(repr=False)
    session: SessionRow
    viewer: Viewer
    device_secret: str | None = field(default=None, repr=False)
    cookie_life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """Whose session it is: an account or staff, never both."""

    person: Person
    account_id: AccountId | None = None
    staff_id: StaffId | None = None

    def owns(self) -> ColumnElement[bool]:
        """Return the condition on sessions that are this owner's."""
        if self.account_id is not None:
            return SessionRow.account_id == self.account_id
        return SessionRow.staff_id == self.staff_id


async def begin_session(work: Work, owner: SessionOwner, *, stay_signed_in: bool) -> tuple[SessionRow, str]:
    """Start a session and return its secret; the browser's former session and the oldest beyond 20 end."""
    now, secret, origin = work.clock.now(), random_url_token(), work.viewer.origin
    if work.viewer.session_id is not None:
        await _end(work, SessionRow.id == work.viewer.session_id)
    session = SessionRow(
        id=SessionId(new_id(work.clock)),
        data_subject_id=owner.person.id,
        account_id=owner.account_id,
        staff_id=owner.staff_id,
        secret_hash=hash_secret(secret),
        stay_signed_in=stay_signed_in,
        user_agent=origin.user_agent[:_LONGEST_USER_AGENT],
        address=origin.address[:_LONGEST_ADDRESS],
        created_at=now,
        last_used_at=now,
        expires_at=now + (STAYING if stay_signed_in else PASSING),
        reauthenticated_at=now,
    )
    work.session.add(session)
    await work.session.flush()
    surplus = select(SessionRow.id).where(owner.owns(), *_live(work)).order_by(SessionRow.id.desc())
    await _end(work, SessionRow.id.in_(surplus.offset(MOST_SESSIONS)))
    return session, secret


async def renew_session(work: Work, session_id: SessionId) -> tuple[SessionRow, str]:
    """Give a session a new secret and note that the password was just proved; its end stays where it was."""
    secret = random_url_token()
    statement = select(SessionRow).where(SessionRow.id == session_id, *_live(work)).with_for_update()
    session = await work.session.scalar(statement)
    if session is None:
        raise SignInRequired
    session.secret_hash = hash_secret(secret)
    session.reauthenticated_at = work.clock.now()
    await work.session.flush()
    return session, secret


async def end_sessions(work: Work, owner: SessionOwner, *, keep: SessionId | None = None) -> int:
    """End the owner's sessions, save one perhaps; return how many were live."""
    others = [] if keep is None else [SessionRow.id != keep]
    return await _end(work, owner.owns(), *others)


async def sign_out(work: Work) -> None:
    """End the session that asks, of a holder or of staff; a second sign-out does nothing."""
    viewer = work.viewer
    if viewer.session_id is None or viewer.person is None:
        raise SignInRequired
    ended = await _end(work, SessionRow.id == viewer.session_id)
    if ended:
        await work.record(
            EventKind.CHANGE, "signOut", SessionRow.revoked_at, about=[viewer.person], rows={"session": 1}
        )


async def revoke_session(work: Work, session_id: SessionId) -> SessionRow:
    """End one session of the viewer's account; raise `NotFound` for one that is not theirs. Safe to repeat."""
    account_id = require_account(work.viewer)
    require_scopes(work.viewer, "account:write")
    statement = select(SessionRow).where(SessionRow.id == session_id, SessionRow.account_id == account_id)
    session = await work.session.scalar(statement.with_for_update())
    if session is None:
        raise NotFound("There is no such session. Nothing was changed. List your sessions to see which there are.")
    if session.revoked_at is None:
        session.revoked_at = work.clock.now()
        await work.session.flush()
        await _log_end(work, "revokeSession")
    return session


async def revoke_other_sessions(work: Work) -> int:
    """End all sessions of the account but the one that asks; return how many were live."""
    _, session_id = require_own_session(work.viewer)
    holder = await require_holder(work, "account:write")
    ended = await end_sessions(work, SessionOwner(holder.person, holder.account.id), keep=session_id)
    if ended:
        await _log_end(work, "revokeOtherSessions")
    return ended


async def _log_end(work: Work, operation: str) -> None:
    if work.viewer.holder is not None:
        await log_security(work, work.viewer.holder, SecurityEvent.SESSIONS_ENDED, operation, SessionRow.revoked_at)


async def _end(work: Work, *which: ColumnElement[bool]) -> int:
    ended = await work.session.execute(
        update(SessionRow).where(*which, *_live(work)).values(revoked_at=work.clock.now()).returning(SessionRow.id)
    )
    return len(ended.all())


def _live(work: Work) -> tuple[ColumnElement[bool], ...]:
    return SessionRow.revoked_at.is_(None), SessionRow.expires_at > work.clock.now()
