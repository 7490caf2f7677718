"""The agent's one clock. Whoever needs the time or must wait is handed a `Clock`; nobody else asks the system."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware, in UTC."""
        ...

    def elapsed(self) -> float:
        """Return seconds from an arbitrary start that never run backwards."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Return the monotonic clock, which a change of the date does not move."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Sleep this thread."""
        time.sleep(seconds)


def stamp(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
