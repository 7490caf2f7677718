"""How long to wait before asking the authority again.

The rule: the authority's Retry-After counts, within bounds; without one, begin so short that a fast authority
is not waited for, and double.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(seconds=0.1)
LONGEST: Final = timedelta(hours=1)
FIRST_POLL: Final = timedelta(seconds=0.2)
SLOWEST_POLL: Final = timedelta(minutes=10)
FIRST_RETRY: Final = timedelta(seconds=1)
PATIENT_POLLS: Final = 20
"""After so many polls a short Retry-After no longer outweighs our own backoff, so that no order polls for ever."""

_DOUBLINGS: Final = 16


def next_poll(now: datetime, polls: int, retry_at: datetime | None) -> datetime:
    """Return when to look again at something the authority has not decided; `polls` counts from 0."""
    own: timedelta = min(FIRST_POLL * (1 << min(polls, _DOUBLINGS)), SLOWEST_POLL)
    if retry_at is None:
        return now + own
    told = bounded(retry_at - now)
    return now + (max(told, own) if polls >= PATIENT_POLLS else told)


def next_attempt(now: datetime, attempts: int, retry_at: datetime | None) -> datetime:
    """Return when to repeat what failed; `attempts` counts from 0. Never sooner than our own backoff."""
    own: timedelta = min(FIRST_RETRY * (1 << min(attempts, _DOUBLINGS)), LONGEST)
    return now + own if retry_at is None else now + bounded(retry_at - now)


def bounded(wait: timedelta) -> timedelta:
    """Cut a wait to the bounds."""
    return min(max(wait, SHORTEST), LONGEST)
