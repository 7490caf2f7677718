"""Who a credential belongs to, remembered for a few seconds so that most requests ask no database.

The rules: an entry ends after five seconds and never later than its credential. It is dropped when PostgreSQL announces
that the credential or its owner changed, and at once when this process changed something itself. While the connection
that hears those announcements is away, nothing is remembered and nothing remembered is used.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from api.viewer import Origin, Viewer
from governance.clock import Clock

CHANNEL: Final = "sslm_credentials"
LONGEST: Final = timedelta(seconds=5)
MOST: Final = 10_000
_NO_ORIGIN: Final = Origin()
_NAMES: Final = tuple(each.name for each in fields(Viewer) if each.name.endswith("_id"))
"""Whatever a viewer refers to: an announcement of any of these ids drops the entry."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """When a lookup began, and how much had been dropped by then."""

    began: datetime
    drops: int


@dataclass(frozen=True, slots=True)
class _Entry:
    viewer: Viewer
    since: datetime
    until: datetime
    ids: tuple[UUID, ...]


class CredentialCache:
    """Remembers viewers by the hash of their secret; the least recently used goes first where there are too many."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._hears: Callable[[], bool] = _hears_nothing
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._keys: defaultdict[UUID, set[bytes]] = defaultdict(set)
        self._drops = 0

    def follow(self, hears: Callable[[], bool]) -> None:
        """Begin to remember; `hears` tells whether announcements arrive just now."""
        self._hears = hears

    def get(self, key: bytes, origin: Origin) -> Viewer | None:
        """Return who that is, as of some seconds ago at most, now asking from `origin`; None: look it up."""
        entry = self._entries.get(key)
        if entry is None or not self._hears():
            return None
        if not entry.since <= self._clock.now() < entry.until:
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return replace(entry.viewer, origin=origin)

    def ticket(self) -> Ticket:
        """Note that a lookup begins; what is dropped before it ends makes its result too old to remember."""
        return Ticket(self._clock.now(), self._drops)

    def keep(self, ticket: Ticket, key: bytes, viewer: Viewer) -> None:
        """Remember the result of a lookup, unless something was dropped since it began, or nothing is heard."""
        until = ticket.began + LONGEST
        if viewer.credential_ends_at is not None:
            until = min(until, viewer.credential_ends_at)
        if ticket.drops != self._drops or not self._hears():
            return
        self._remove(key)
        ids = tuple(found for name in _NAMES if (found := getattr(viewer, name)) is not None)
        self._entries[key] = _Entry(replace(viewer, origin=_NO_ORIGIN), ticket.began, until, ids)
        for each in ids:
            self._keys[each].add(key)
        if len(self._entries) > self._most:
            self._remove(next(iter(self._entries)))

    def drop(self, changed: UUID) -> None:
        """Forget whoever refers to this session, API token, account or staff member."""
        self._drops += 1
        for key in tuple(self._keys.get(changed, ())):
            self._remove(key)

    def acted(self, viewer: Viewer) -> None:
        """Forget whoever shares an id with somebody who changed something: it may have been a credential."""
        for name in _NAMES:
            if (found := getattr(viewer, name)) is not None:
                self.drop(found)

    def hear(self, payload: str) -> None:
        """Take an announcement; one that cannot be read drops everything."""
        try:
            changed = UUID(payload)
        except ValueError:
            self.forget()
        else:
            self.drop(changed)

    def forget(self) -> None:
        """Forget everybody: announcements may have been missed."""
        self._drops += 1
        self._entries.clear()
        self._keys.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def _remove(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        for each in entry.ids if entry is not None else ():
            self._keys[each].discard(key)
            if not self._keys[each]:
                del self._keys[each]


def _hears_nothing() -> bool:
    return False
