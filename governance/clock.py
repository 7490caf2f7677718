"""The one clock (X-4). Whoever needs the time is handed a `Clock`; nobody else asks the system."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told to move; deadlines are tested without sleeping."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a timezone-aware time")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time the clock was set to."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock; a negative step imitates a machine whose clock was set back."""
        self._at += by
