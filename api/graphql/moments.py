"""Times: what callers send is in UTC from here on, and what they get is RFC 3339 in UTC with `Z`, in one form."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast

from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.schema.types.base_scalars import DateTimeDefinition

_DESCRIPTION: Final = (
    "A moment, RFC 3339. Answers are in UTC, end in `Z` and have microseconds; inputs may have any offset, and one "
    "without an offset is taken as UTC. A moment outside the years 1 to 9999 in UTC is refused as input."
)


_read: Final = cast("Callable[[object], object]", DateTimeDefinition.parse_value)


def moment_text(moment: datetime) -> str:
    """Return the one form in which moments are shown."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_moment(text: object) -> datetime:
    """Return the moment of a text in UTC; any other value raises before anything runs, and is not repeated."""
    try:
        moment = _read(text)
        if isinstance(moment, datetime):
            return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (StrawberryInputCoercionError, OverflowError):
        pass
    raise StrawberryInputCoercionError("Value cannot represent a DateTime: send RFC 3339 in the years 1 to 9999.")


DATE_TIME: Final = replace(
    DateTimeDefinition,
    description=_DESCRIPTION,
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    serialize=moment_text,
    parse_value=parse_moment,
)
