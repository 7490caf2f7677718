"""The due-scanner: rows whose time has come are claimed and become jobs, both in one transaction.

A claim pushes `next_action_at` forward by a lease and adds one to `generation`. One rule: waiting is a row, never a
sleeping task; so work lost anywhere comes due again by itself, and any number of scanners may run side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy import Row, Select, Table, Update, func, select, update

from api.db.sessions import ReadSession, Sessions, WriteSession
from api.db.urls import DatabaseUrl
from api.jobs.queue import Claim, Task, defer_in
from api.kit.metrics import Metrics
from governance.clock import Clock

CHANNEL: Final = "sslm_due"
_SHORTEST_WAIT: Final = 0.05
_LONGEST_WAIT: Final = 30.0
_CONNECT_SECONDS: Final = 10.0

_log = structlog.get_logger("api.jobs")


@dataclass(frozen=True, slots=True)
class DueSource:
    """A table whose rows come due; it has `id`, `next_action_at` (null: never) and `generation`.

    A job must end within its lease, else another claim would run beside it; so the lease outlasts the time limit.
    """

    table: Table
    task: Task
    lease: timedelta = timedelta(minutes=5)
    batch: int = 500

    def __post_init__(self) -> None:
        if self.lease <= self.task.time_limit:
            raise ValueError(f"{self.table.name}: the lease must be longer than the time limit of {self.task.name}")

    def claim(self, now: datetime) -> Update:
        """Return the statement that claims a batch, oldest first, skipping rows that somebody is working on."""
        columns = self.table.c
        due = (
            select(columns.id)
            .where(columns.next_action_at <= now)
            .order_by(columns.next_action_at)
            .limit(self.batch)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        return (
            update(self.table)
            .values(next_action_at=now + self.lease, generation=columns.generation + 1)
            .where(columns.id == due.c.id)
            .returning(columns.id, columns.generation)
        )


class DueScanner:
    """Claims what is due whenever something is announced, or when the earliest row's time comes."""

    def __init__(
        self, url: DatabaseUrl, sessions: Sessions, clock: Clock, sources: Sequence[DueSource], metrics: Metrics
    ) -> None:
        self._url = url
        self._sessions = sessions
        self._clock = clock
        self._sources = tuple(sources)
        self._metrics = metrics
        self._announced = asyncio.Event()
        self._earliest = _earliest_of(self._sources)

    async def run(self) -> None:
        """Scan until cancelled. Raise when the database goes away; whoever runs this starts it again."""
        listener = await asyncpg.connect(
            self._url.plain, timeout=_CONNECT_SECONDS, server_settings={"application_name": "sslm due"}
        )
        listener.add_termination_listener(self._wake)
        try:
            await listener.add_listener(CHANNEL, self._wake)
            while not listener.is_closed():
                self._announced.clear()
                await self._rest(await self.scan())
        finally:
            listener.terminate()
        raise ConnectionResetError("the connection that listens for due rows was lost")

    async def scan(self) -> float:
        """Claim all that is due now; return the seconds until something else is, within the bounds of a wait."""
        async with self._sessions.read() as session:
            earliest = await self._read_earliest(session)
        now = self._clock.now()
        for source, at in zip(self._sources, earliest, strict=True):
            if at is not None and at <= now:
                await self._claim_all(source)
        waits = [(at - now).total_seconds() for at in earliest if at is not None]
        return min(max(min(waits, default=_LONGEST_WAIT), _SHORTEST_WAIT), _LONGEST_WAIT)

    async def _read_earliest(self, session: ReadSession) -> Row[Any] | tuple[datetime | None, ...]:
        return (await session.execute(self._earliest)).one() if self._sources else ()

    async def _claim_all(self, source: DueSource) -> None:
        """Claim batch after batch, a transaction each, until one is not full."""
        while True:
            async with self._sessions.write() as session:
                claims = await self._claim(session, source)
            if claims:
                self._metrics.claimed(source.table.name, len(claims))
            if len(claims) < source.batch:
                return

    async def _claim(self, session: WriteSession, source: DueSource) -> list[Claim]:
        rows = (await session.execute(source.claim(self._clock.now()))).all()
        claims = [Claim(row.id, row.generation) for row in rows]
        await defer_in(session, source.task.name, claims)
        return claims

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._announced.wait()

    def _wake(self, *_particulars: object) -> None:
        self._announced.set()


def _earliest_of(sources: Sequence[DueSource]) -> Select[Any]:
    """Return one statement that reads the earliest time of every source, each from its partial index."""
    return select(
        *(
            select(func.min(source.table.c.next_action_at)).scalar_subquery().label(f"earliest_{number}")
            for number, source in enumerate(sources)
        )
    )
