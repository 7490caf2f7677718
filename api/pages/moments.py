"""Dates as people read them: relative to now, and absolute in the holder's own time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime, format_timedelta

_DAY: Final = timedelta(days=1)
_DATE: Final = "d MMM y"
_DATE_AND_TIME: Final = "d MMM y, HH:mm"


@dataclass(frozen=True, slots=True)
class Moments:
    """Formats moments for one reader. A moment is ISO 8601 text, as GraphQL gives it."""

    now: datetime
    zone: str = "UTC"
    language: str = "en"

    def read(self, moment: str) -> datetime:
        """Return the moment, aware."""
        found = datetime.fromisoformat(moment)
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def date(self, moment: str) -> str:
        """Return the day alone."""
        return format_datetime(self.read(moment), _DATE, tzinfo=self._zone(), locale=self.language)

    def absolute(self, moment: str) -> str:
        """Return day and minute with the zone's name, such as `12 Dec 2026, 14:03 (Asia/Kuwait)`."""
        zone = self._zone()
        return f"{format_datetime(self.read(moment), _DATE_AND_TIME, tzinfo=zone, locale=self.language)} ({zone.key})"

    def relative(self, moment: str) -> str:
        """Return the distance from now, such as `in 3 hours` or `2 days ago`."""
        distance = self.read(moment) - self.now
        return format_timedelta(distance, add_direction=True, threshold=1.2, locale=self.language)

    def days_until(self, moment: str) -> int:
        """Return whole days left; negative when it is past."""
        return (self.read(moment) - self.now) // _DAY

    def past(self, moment: str) -> bool:
        """Tell whether it is over."""
        return self.read(moment) <= self.now

    def share_left(self, begin: str, end: str) -> float:
        """Return how much of a span is still ahead, from 0 to 1."""
        whole = (self.read(end) - self.read(begin)).total_seconds()
        left = (self.read(end) - self.now).total_seconds()
        return max(0.0, min(1.0, left / whole)) if whole > 0 else 0.0

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")
