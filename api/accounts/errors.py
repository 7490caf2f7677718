"""Why something about an account was refused. None of these says whether an address has an account.

InvalidInput ── AgeStatementRequired, AddressRefused, SettingRefused, LinkRefused, InvitationRefused
AccessDenied ── SignInRefused, SignInRequired, ReauthenticationRequired
Conflict     ── AlreadyDone, IdempotencyKeyReused
RateLimited  ── TooManyAttempts
"""

from __future__ import annotations

from datetime import datetime

from api.kit.errors import AccessDenied, Conflict, InvalidInput, RateLimited


class AgeStatementRequired(InvalidInput):
    """The statement about age is false or missing: nothing was stored or logged (clause 9-b)."""

    code = "AGE_STATEMENT_REQUIRED"

    def __init__(self, minimum_age: int) -> None:
        super().__init__(
            f"The service is for people of {minimum_age} and older, so no account was made. "
            "Nothing you entered was stored or logged.",
            rule="age-statement",
            field=("ageStatement",),
        )


class AddressRefused(InvalidInput):
    """The text is not an e-mail address we can write to; nothing was stored."""

    code = "ADDRESS_REFUSED"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...] = ("email",)) -> None:
        super().__init__(message, rule=rule, field=field)


class SettingRefused(InvalidInput):
    """A setting has a value it cannot have; no setting was changed."""

    code = "SETTING_REFUSED"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...]) -> None:
        super().__init__(message, rule=rule, field=field)


class LinkRefused(InvalidInput):
    """A link from a mail is unknown, used, replaced or too old; which of these is not said."""

    code = "LINK_REFUSED"

    def __init__(self) -> None:
        super().__init__(
            "This link does not work: it was used before, replaced by a newer one, or is too old. "
            "Nothing was changed. Ask for a new link.",
            rule="one-time-link",
            field=("linkToken",),
        )


class InvitationRefused(InvalidInput):
    """An invitation is unknown, used, withdrawn, too old, or went to another address; which of these is not said."""

    code = "INVITATION_REFUSED"

    def __init__(self) -> None:
        super().__init__(
            "This invitation does not work here: it was used or withdrawn, is too old, or went to another address than "
            "that of the account you are signed in with. Nothing was changed. Sign in with the account of the address "
            "the mail went to, or ask for a new invitation.",
            rule="invitation",
            field=("linkToken",),
        )


class SignInRefused(AccessDenied):
    """Address, password or one-time code is wrong; which of these is not said."""

    code = "SIGN_IN_REFUSED"

    def __init__(self) -> None:
        super().__init__(
            "The address, the password or the code is wrong. "
            "You are not signed in. Check them, or ask for a link to set a new password."
        )


class SignInRequired(AccessDenied):
    """The operation is about one's own account, and nobody is signed in."""

    code = "SIGN_IN_REQUIRED"

    def __init__(self) -> None:
        super().__init__("Sign in first, or send an API token. Nothing was read or changed.", missing=("session",))


class ReauthenticationRequired(AccessDenied):
    """The current password is needed for this change, and was wrong or missing; nothing was changed."""

    code = "REAUTHENTICATION_REQUIRED"

    def __init__(self) -> None:
        super().__init__("The current password is wrong or missing, so nothing was changed. Enter it again.")


class AlreadyDone(Conflict):
    """The present state already is, or excludes, what was asked; nothing was changed."""

    code = "ALREADY_DONE"


class IdempotencyKeyReused(Conflict):
    """The idempotency key was used for another request within the last day."""

    code = "IDEMPOTENCY_KEY_REUSED"

    def __init__(self) -> None:
        super().__init__(
            "This idempotency key was used for another request. Nothing was done. "
            "Take a new key for a new request; repeat a request only with all its values unchanged.",
            field=("idempotencyKey",),
        )


class TooManyAttempts(RateLimited):
    """Too many wrong passwords, codes or requests for mail; `retry_at` says when the next try is looked at."""

    code = "TOO_MANY_ATTEMPTS"

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(
            "There were too many attempts, so this one was not looked at. Wait until the time given and try again; "
            "a device that signed in before, or a link to set a new password, works at once.",
            retry_at=retry_at,
        )
