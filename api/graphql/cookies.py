"""The cookies that sign-in and its kin set on the answer, by the one function that may set any."""

from datetime import timedelta
from typing import Final

from api.accounts.sessions import SignedIn
from api.auth.cookies import CSRF, DEVICE, SESSION, delete_cookie, set_cookie
from api.auth.csrf import make_csrf_token
from api.graphql.context import Context

SETS_COOKIES: Final = frozenset({"signIn", "staffSignIn", "signOut", "changePassword"})
"""The mutations that come here: only the answer to an HTTP request can carry what they set."""
DEVICE_LIFE: Final = timedelta(days=90)


def set_session(context: Context, signed_in: SignedIn) -> None:
    """Set session, CSRF and, for a browser seen for the first time, device cookies."""
    context.set_cookies.append(set_cookie(SESSION, signed_in.session_secret, life=signed_in.cookie_life))
    csrf = make_csrf_token(context.services.csrf_secret, signed_in.session_secret)
    context.set_cookies.append(set_cookie(CSRF, csrf))
    if signed_in.device_secret is not None:
        context.set_cookies.append(set_cookie(DEVICE, signed_in.device_secret, life=DEVICE_LIFE))


def end_session(context: Context) -> None:
    """Make the browser forget session and CSRF cookies."""
    context.set_cookies += [delete_cookie(SESSION), delete_cookie(CSRF)]
