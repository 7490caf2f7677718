"""Why somebody who is signed in may still not do something.

AccessDenied ── EmailNotVerified, OwnSessionRequired, AdministratorRequired
Conflict     ── TooManyApiTokens, TooManyAccessGrants, PartnerNotApproved
"""

from __future__ import annotations

from api.kit.errors import AccessDenied, Conflict


class EmailNotVerified(AccessDenied):
    """The address of the account was not confirmed yet."""

    code = "EMAIL_NOT_VERIFIED"

    def __init__(self) -> None:
        super().__init__(
            "Your e-mail address is not confirmed yet, so nothing was changed. "
            "Open the link in the mail we sent you, or ask for a new one in your account settings.",
            missing=("verified-email",),
        )


class OwnSessionRequired(AccessDenied):
    """Passwords, addresses and sign-in are changed by the holder in a browser, never by an API token."""

    code = "OWN_SESSION_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            "This can only be done by the account holder who is signed in, not with an API token. "
            "Nothing was changed. Sign in on the site.",
            missing=("session",),
        )


class AdministratorRequired(AccessDenied):
    """Only administrators, or the operator at the command line, manage staff."""

    code = "ADMINISTRATOR_REQUIRED"

    def __init__(self) -> None:
        super().__init__(
            "Only an administrator may do this. Nothing was changed. Use `sslm staff` on the server.",
            missing=("administrator",),
        )


class TooManyApiTokens(Conflict):
    """The account has as many API tokens as it may."""

    code = "TOO_MANY_API_TOKENS"

    def __init__(self, most: int) -> None:
        super().__init__(f"An account may have {most} API tokens. None was made. Revoke one that you do not use.")


class TooManyAccessGrants(Conflict):
    """As many others may act for the account, or wait for it, as an account may let."""

    code = "TOO_MANY_ACCESS_GRANTS"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"At most {most} others may act for an account. Nothing was granted. End a grant you do not need."
        )


class PartnerNotApproved(Conflict):
    """The partner is not approved in the register of recipients, was disabled, or has nobody who stands for it."""

    code = "PARTNER_NOT_APPROVED"

    def __init__(self) -> None:
        super().__init__(
            "This partner is not approved, or was disabled, so no token was made. "
            "Approve it with `sslm partner approve`."
        )
