"""Why a credential was refused. No message says whether an account exists, or which part of a credential was wrong.

InvalidInput ── PasswordRefused, ScopeRefused        AccessDenied ── CredentialRefused, GrantRefused, RequestForged
"""

from __future__ import annotations

from api.kit.errors import AccessDenied, InvalidInput


class PasswordRefused(InvalidInput):
    """The new password is not fit for use; nothing was changed."""

    code = "PASSWORD_REFUSED"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...] = ("password",)) -> None:
        super().__init__(message, rule=rule, field=field)


class ScopeRefused(InvalidInput):
    """A scope that does not exist was asked for; no token was made."""

    code = "SCOPE_REFUSED"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...] = ("scopes",)) -> None:
        super().__init__(message, rule=rule, field=field)


class CredentialRefused(AccessDenied):
    """The API token is malformed, unknown, expired or revoked; which of these is not said."""

    code = "CREDENTIAL_REFUSED"

    def __init__(self) -> None:
        super().__init__(
            "This API token is not valid: mistyped, expired or revoked. Nothing was read or changed. "
            "Make a new one in your account settings."
        )


class GrantRefused(AccessDenied):
    """The grant named is unknown, ended, revoked, or not the caller's; which of these is not said."""

    code = "GRANT_REFUSED"

    def __init__(self) -> None:
        super().__init__(
            "You may not act for this account: there is no such grant for you, or it has ended. Nothing was read or "
            "changed. Ask for `grantedAccounts` without the header `Sslm-Act-For` to see for whom you may act."
        )


class RequestForged(AccessDenied):
    """A request with a session cookie did not prove that our own page sent it."""

    code = "REQUEST_FORGED"

    def __init__(self) -> None:
        super().__init__(
            "This request did not prove that it comes from our own page, so nothing was changed. "
            "Reload the page and try again; programs use an API token instead of cookies."
        )
