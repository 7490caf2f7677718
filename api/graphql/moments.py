"""Times that callers send: in UTC from here on, and never one that no calendar has there."""

from datetime import UTC, datetime

from api.kit.errors import InvalidInput


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
