"""The errors of governance, and the safe error everything else derives from.

A `SafeError` may be shown to the person who caused it: its message says what happened, what did not,
and what to do next, and never repeats a value of a tagged column.
"""

from __future__ import annotations

from datetime import datetime


class SafeError(Exception):
    """An error whose text may leave the process.

    `retry_at` (UTC) says when the same call may succeed without a change by the caller; None means that
    waiting does not help. `field` is the path of the input that is at fault, outermost name first.
    """

    code = "INTERNAL"

    def __init__(self, message: str, *, retry_at: datetime | None = None, field: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.retry_at = retry_at
        self.field = field


class GovernanceError(SafeError):
    """A rule of data protection stopped the operation."""

    code = "GOVERNANCE"


class AuditUnavailable(GovernanceError):
    """The audit record could not be made durable, so nothing was released."""

    code = "AUDIT_UNAVAILABLE"


class IncompleteCatalog(GovernanceError):
    """The data catalogue does not cover every column, person or reference; the program must not start."""

    code = "INCOMPLETE_CATALOG"


class DataSubjectErased(GovernanceError):
    """The content key of this data subject no longer exists; what was sealed under it cannot be read again."""

    code = "DATA_SUBJECT_ERASED"


class CategoryNotGranted(GovernanceError):
    """A field is of a data category that the caller was not granted; `missing` names it. The field was not read."""

    code = "CATEGORY_NOT_GRANTED"

    def __init__(self, category: str) -> None:
        super().__init__(
            "This field is of a data category that your API token was not granted, so it is null. "
            "Leave the field out, or use a session or API token that holds what `missing` names."
        )
        self.missing = (f"data:{category}",)
