"""Times: what callers send is in UTC from here on, and what they get is RFC 3339 in UTC with `Z`, in one form."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from strawberry.schema.types.base_scalars import DateTimeDefinition

from api.kit.errors import InvalidInput

_DESCRIPTION: Final = (
    "A moment, RFC 3339. Answers are in UTC, end in `Z` and have microseconds; inputs may have any offset, and one "
    "without an offset is taken as UTC."
)


def moment_text(moment: datetime) -> str:
    """Return the one form in which moments are shown."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


DATE_TIME: Final = replace(
    DateTimeDefinition,
    description=_DESCRIPTION,
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    serialize=moment_text,
)


def in_utc(moment: datetime, *field: str) -> datetime:
    """Return the moment in UTC; one without a time zone is taken as UTC."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise InvalidInput(
            "That time lies outside the years 1 to 9999 in UTC, so nothing was done. Send another.",
            rule="moment",
            field=field,
        ) from None
