"""Who in this process waits for which rows: a notice of a change becomes a wake-up of those who follow the row.

The rule: a wake-up holds ids and nothing else, and whoever wakes reads the row itself. Several changes before that are
one wake-up, so a slow reader holds no more than `PENDING` ids, however much happens.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
import structlog

CHANNEL: Final = "sslm_progress"
PENDING: Final = 200
_log = structlog.get_logger("api.db")


class Change(msgspec.Struct, frozen=True):
    """What the triggers announce: a row of a kind, and the account it belongs to."""

    kind: str
    id: UUID
    account_id: UUID


@dataclass(frozen=True, slots=True)
class Wake:
    """Why a follower was woken: `ids` changed; with `missed`, others may have, and nobody knows which."""

    ids: tuple[UUID, ...]
    missed: bool


class Follower:
    """One who waits. `row_id` is the row it follows; None follows every row of its kind and account."""

    def __init__(self, row_id: UUID | None) -> None:
        self._row_id = row_id
        self._ids: dict[UUID, None] = {}
        self._missed = False
        self._woken = asyncio.Event()

    def tell(self, row_id: UUID) -> None:
        """Note a change."""
        if self._row_id not in {None, row_id}:
            return
        self._ids[row_id] = None
        if len(self._ids) > PENDING:
            self._ids.clear()
            self._missed = True
        self._woken.set()

    def tell_missed(self) -> None:
        """Note that changes may have passed unheard."""
        self._missed = True
        self._woken.set()

    async def wake(self) -> Wake:
        """Wait for a change since the last call; return all there were."""
        await self._woken.wait()
        self._woken.clear()
        found = Wake(tuple(self._ids), self._missed)
        self._ids, self._missed = {}, False
        return found


class Signals:
    """The followers of one process."""

    def __init__(self) -> None:
        self._followers: defaultdict[tuple[str, UUID], set[Follower]] = defaultdict(set)

    @contextmanager
    def following(self, kind: str, account_id: UUID, row_id: UUID | None = None) -> Iterator[Follower]:
        """Follow a row, or all rows of a kind, of one account while the block runs. Read the row after entering."""
        follower, key = Follower(row_id), (kind, account_id)
        self._followers[key].add(follower)
        try:
            yield follower
        finally:
            self._followers[key].discard(follower)
            if not self._followers[key]:
                del self._followers[key]

    def hear(self, payload: str) -> None:
        """Take a notice from the database; one that is not of the triggers' form is dropped, and logged."""
        try:
            change = msgspec.json.decode(payload, type=Change)
        except msgspec.MsgspecError:
            _log.warning("notice_not_understood", bytes=len(payload))
            return
        for follower in self._followers.get((change.kind, change.account_id), ()):
            follower.tell(change.id)

    def look_again(self) -> None:
        """Tell everybody that notices may have been lost."""
        for followers in self._followers.values():
            for follower in followers:
                follower.tell_missed()

    @property
    def count(self) -> int:
        """Return how many follow something."""
        return sum(map(len, self._followers.values()))
