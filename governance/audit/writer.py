"""Disclosure records: durable before the answer, by natural group commit on one connection.

No timer: whatever queued up while the previous batch was being committed goes out in the next one. Only the writer task
touches the connection, so a caller who leaves cancels nobody's record. After an outcome that is not known (time-out,
lost connection) the batch fails and is never retried into a release: a record may exist without its answer, never the
reverse.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, Self

import asyncpg
import structlog

from governance.audit.event import AuditEvent, StoredEvent
from governance.audit.seal import EventSealer
from governance.errors import AuditUnavailable

QUEUE_LIMIT: Final = 4096
_BATCH_LIMIT: Final = 512
WRITE_SECONDS: Final = 2.0

# One statement, so one transaction and one round trip. Arrays of arrays travel as text, because unnest flattens them.
_INSERT: Final = """
with parts as (
  insert into audit_sealed_part (at, event_id, data_subject, ciphertext)
  select * from unnest($8::timestamptz[], $9::uuid[], $10::uuid[], $11::bytea[])
)
insert into audit_event (at, id, kind, outcome, actor, data_subjects, header)
select at, id, kind, outcome, actor, data_subjects::uuid[], header
from unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
  as t(at, id, kind, outcome, actor, data_subjects, header)
"""

_log = structlog.get_logger("governance.audit")
_Waiting = tuple[StoredEvent, "asyncio.Future[None]"]
Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


class AuditLog:
    """The append side of the log for operations that change nothing. Start it with `async with`."""

    def __init__(self, connect: Connect, sealer: EventSealer) -> None:
        self._connect = connect
        self._sealer = sealer
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(QUEUE_LIMIT)
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self.batches = 0
        self.events = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="audit-writer")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._drop_connection()

    async def append(self, event: AuditEvent) -> StoredEvent:
        """Return once the event is durable. Raises `AuditUnavailable`; the caller must then release nothing."""
        self._check_running()
        try:
            stored = await self._sealer.seal(event)
        except Exception as error:
            _log.warning("audit_seal_failed", error=type(error).__name__)
            raise _unavailable() from error
        self._check_running()
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((stored, durable))
        except asyncio.QueueFull:
            raise _unavailable() from None
        await durable
        return stored

    @property
    def waiting(self) -> int:
        """Return how many events wait for the batch that is being committed."""
        return self._queue.qsize()

    def _check_running(self) -> None:
        if self._task is None or self._task.done():
            raise _unavailable()

    async def _run(self) -> None:
        try:
            while True:
                batch = [await self._queue.get()]
                while len(batch) < _BATCH_LIMIT and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                await self._commit(batch)
        finally:
            self._refuse_waiting()

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            await self._write([stored for stored, _ in batch])
        except asyncio.CancelledError:
            _release(batch, failed=True)
            raise
        except Exception as error:  # noqa: BLE001 - every failure means the same: nothing may be released
            _log.exception("audit_write_failed", error=type(error).__name__, events=len(batch))
            _release(batch, failed=True)
            self._drop_connection()
        else:
            self.batches += 1
            self.events += len(batch)
            _release(batch, failed=False)

    async def _write(self, events: list[StoredEvent]) -> None:
        """Commit the events, or raise within `WRITE_SECONDS`, also where the server has stopped answering."""
        async with asyncio.timeout(WRITE_SECONDS):
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            await self._connection.execute(_INSERT, *_event_columns(events), *_part_columns(events))

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def _refuse_waiting(self) -> None:
        while not self._queue.empty():
            _release([self._queue.get_nowait()], failed=True)


def _event_columns(events: list[StoredEvent]) -> tuple[list[object], ...]:
    return (
        [event.at for event in events],
        [event.id for event in events],
        [event.kind.value for event in events],
        [event.outcome.value for event in events],
        [event.actor for event in events],
        ["{" + ",".join(str(person) for person in event.data_subjects) + "}" for event in events],
        [event.header for event in events],
    )


def _part_columns(events: list[StoredEvent]) -> tuple[list[object], ...]:
    parts = [(event, part) for event in events for part in event.parts]
    return (
        [event.at for event, _ in parts],
        [event.id for event, _ in parts],
        [part.data_subject for _, part in parts],
        [part.ciphertext for _, part in parts],
    )


def _release(batch: list[_Waiting], *, failed: bool) -> None:
    for _, durable in batch:
        if durable.done():
            continue
        if failed:
            durable.set_exception(_unavailable())
        else:
            durable.set_result(None)


def _unavailable() -> AuditUnavailable:
    return AuditUnavailable(
        "The record of this access could not be written, so nothing was shown. Try again in a minute; "
        "if it stays this way, tell the operator that the audit log does not accept records."
    )
