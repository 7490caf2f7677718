"""The error tree of the platform: a code, a message that may be shown, and when a retry makes sense.

Rooms below add leaves in their own `errors.py`; the edge maps them once. Nothing here logs.

    SafeError (governance)
    ├── GovernanceError ── AuditUnavailable, IncompleteCatalog, DataSubjectErased
    └── CertificateManagerError
        ├── InvalidInput   NotFound   AccessDenied   Conflict   RateLimited   Unavailable
        └── IssuanceError ── CaProblem, ChallengeFailed, CaUnreachable   (api.issuance.errors)
"""

from __future__ import annotations

from datetime import datetime

from governance.errors import SafeError


class CertificateManagerError(SafeError):
    """Anything the platform refuses or cannot do, said safely."""

    code = "CERTIFICATE_MANAGER_ERROR"


class InvalidInput(CertificateManagerError):
    """What was sent breaks a rule; `rule` names it in lower-case words joined by hyphens."""

    code = "INVALID_INPUT"

    def __init__(
        self, message: str, *, rule: str = "", field: tuple[str, ...] = (), retry_at: datetime | None = None
    ) -> None:
        super().__init__(message, field=field, retry_at=retry_at)
        self.rule = rule


class NotFound(CertificateManagerError):
    """No such thing, or not yours: the two are told apart nowhere."""

    code = "NOT_FOUND"


class AccessDenied(CertificateManagerError):
    """The caller lacks grants; `missing` names each one. Nothing was read or changed."""

    code = "ACCESS_DENIED"

    def __init__(self, message: str, *, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.missing = missing


class Conflict(CertificateManagerError):
    """The present state forbids it; nothing was changed."""

    code = "CONFLICT"


class RateLimited(CertificateManagerError):
    """Too often; `retry_at` says when to come back."""

    code = "RATE_LIMITED"


class Unavailable(CertificateManagerError):
    """The database cannot be reached at this moment; coming back in seconds usually helps."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "The service cannot reach its database at this moment, so nothing is shown. Try again in a few seconds; "
            "before you repeat a change, look whether it happened."
        )
