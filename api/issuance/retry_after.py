"""Retry-After (RFC 9110 section 10.2.3), read as a UTC moment.

The rule: both forms are read, anything else is None, and no value reaches further than a year.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST = timedelta(days=366)
_DIGITS = 9


def read_retry_after(value: str | None, now: datetime) -> datetime | None:
    """Turn delta-seconds or an HTTP-date into UTC; None when absent or unreadable. A moment in the past is `now`."""
    if value is None:
        return None
    moment = _seconds(value.strip(), now) or _date(value.strip())
    return None if moment is None else min(max(moment, now), now + _LONGEST)


def _seconds(text: str, now: datetime) -> datetime | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return now + (timedelta(seconds=int(text)) if len(text) <= _DIGITS else _LONGEST)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
