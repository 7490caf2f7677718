"""Who may go on: the checks that services of every room make before they change anything (X-9).

The rule: each of them raises before a row was written, and names what is missing.
"""

from __future__ import annotations

from api.accounts.errors import SignInRequired
from api.accounts.holders import Holder, holder_of, locked_holder
from api.accounts.restriction_errors import EmailNotVerified, OwnSessionRequired
from api.auth.scopes import lacking
from api.kit.errors import AccessDenied
from api.models import AccountId, SessionId
from api.viewer import Role, Viewer
from api.work import Work


def require_account(viewer: Viewer) -> AccountId:
    """Return the account that is acted for, by a session, an API token or an agent."""
    if viewer.account_id is None:
        raise SignInRequired
    return viewer.account_id


def require_scopes(viewer: Viewer, *scopes: str) -> None:
    """Refuse a caller who lacks one of these scopes, naming each one that is missing."""
    missing = lacking(viewer.grants.scopes, scopes)
    if missing:
        raise AccessDenied(
            "This needs permissions that you or your API token do not have. Nothing was changed. "
            "Make a token with the scopes named.",
            missing=missing,
        )


def require_own_session(viewer: Viewer) -> tuple[AccountId, SessionId]:
    """Return account and session of a holder who is signed in by browser: credentials are not changed by tokens."""
    account_id = require_account(viewer)
    if viewer.role is not Role.HOLDER or viewer.session_id is None:
        raise OwnSessionRequired
    return account_id, viewer.session_id


async def require_holder(work: Work, *scopes: str) -> Holder:
    """Return the viewer's own account, locked until the transaction ends."""
    account_id = require_account(work.viewer)
    require_scopes(work.viewer, *scopes)
    holder = await locked_holder(work.session, account_id)
    if holder is None:
        raise SignInRequired
    return holder


async def require_verified(work: Work) -> Holder:
    """Return the viewer's account if its address is verified; nothing is ordered for an address nobody confirmed."""
    holder = await holder_of(work.session, require_account(work.viewer))
    if holder is None:
        raise SignInRequired
    if holder.account.email_verified_at is None:
        raise EmailNotVerified
    return holder
