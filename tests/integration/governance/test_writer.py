"""No record, no data: an acknowledged event is in the table, whatever breaks; and what breaks is refused in time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import select, text

from api.models import GOVERNANCE
from governance.audit.event import AuditEvent, StoredEvent
from governance.audit.writer import QUEUE_LIMIT, AuditLog
from governance.errors import AuditUnavailable
from tests.integration.conftest import Platform
from tests.integration.governance.support import (
    Connection,
    as_owner,
    connects,
    disclosure,
    make_person,
    open_log,
    stored_ids,
    until,
)

pytestmark = pytest.mark.clause("X-3")


def acknowledged(outcomes: list[StoredEvent | BaseException]) -> set[object]:
    return {outcome.id for outcome in outcomes if isinstance(outcome, StoredEvent)}


async def test_concurrent_writers_share_commits_and_lose_nothing(fresh_platform: Platform) -> None:
    people = [await make_person(fresh_platform) for _ in range(4)]
    async with open_log(fresh_platform) as log:

        async def write(number: int) -> list[StoredEvent]:
            return [await log.append(disclosure(people[number % 4], f"Op{number}")) for _ in range(10)]

        stored = [event for events in await asyncio.gather(*map(write, range(64))) for event in events]
        assert log.events == 640
        assert log.batches < 640
    assert {event.id for event in stored} == await stored_ids(fresh_platform)
    async with fresh_platform.sessions.read() as session:
        parts = (await session.execute(text("select count(*) from audit_sealed_part"))).scalar_one()
    assert parts == 640


async def test_the_columns_repeat_the_header_and_the_sealed_part_opens(fresh_platform: Platform) -> None:
    actor, other = await make_person(fresh_platform), await make_person(fresh_platform)
    async with open_log(fresh_platform) as log:
        stored = await log.append(
            disclosure(actor, request_id="r-1", clauses=frozenset({"8.1-a"}), document="ab", purposes=frozenset({"x"}))
        )
        nobody = await log.append(AuditEvent(disclosure(other).kind, disclosure(other).actor, "Nobody"))
    async with fresh_platform.sessions.read() as session:
        row = (await session.execute(select(GOVERNANCE.audit_event).where(text(f"id = '{stored.id}'")))).one()
        empty = (await session.execute(select(GOVERNANCE.audit_event).where(text(f"id = '{nobody.id}'")))).one()
        part = (await session.execute(select(GOVERNANCE.audit_sealed_part))).one()
    assert (row.header, row.at, row.actor) == (stored.header, stored.at, actor.pseudonym)
    assert row.data_subjects == [actor.pseudonym]
    assert empty.data_subjects == []
    assert part.event_id == stored.id
    assert await fresh_platform.keys.unseal(actor.id, part.ciphertext, "audit_sealed_part.ciphertext") == (
        b'{"address":"192.0.2.7"}'
    )


async def test_a_caller_who_leaves_takes_nobody_along(fresh_platform: Platform) -> None:
    person = await make_person(fresh_platform)
    async with open_log(fresh_platform) as log:
        tasks = [asyncio.create_task(log.append(disclosure(person, f"Op{number}"))) for number in range(200)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    stayed = acknowledged(outcomes[1::2])
    assert len(stayed) == 100
    assert stayed <= await stored_ids(fresh_platform)


async def test_a_lost_connection_refuses_the_batch_and_the_next_one_is_written(
    fresh_platform: Platform, superuser: Connection
) -> None:
    person = await make_person(fresh_platform)
    async with open_log(fresh_platform) as log, as_owner(fresh_platform) as owner:
        first = await log.append(disclosure(person))
        await owner.execute("begin; lock table audit_event in access exclusive mode")
        waiting = [asyncio.create_task(log.append(disclosure(person))) for _ in range(8)]
        await _backend_waits(superuser)
        await _terminate_writers(superuser)
        refused = await asyncio.gather(*waiting, return_exceptions=True)
        await owner.execute("rollback")
        assert all(isinstance(outcome, AuditUnavailable) for outcome in refused)
        after = await log.append(disclosure(person))
    assert await stored_ids(fresh_platform) == {first.id, after.id}


async def test_nothing_acknowledged_is_missing_while_backends_are_shot(
    fresh_platform: Platform, superuser: Connection
) -> None:
    person = await make_person(fresh_platform)
    async with open_log(fresh_platform) as log:

        async def write() -> list[StoredEvent | BaseException]:
            return [await _outcome(log, disclosure(person)) for _ in range(30)]

        async def shoot() -> None:
            for _ in range(6):
                await _terminate_writers(superuser)

        *written, _ = await asyncio.gather(*(write() for _ in range(16)), shoot())
        last = await log.append(disclosure(person))
    outcomes = [outcome for part in written for outcome in part]
    assert all(isinstance(outcome, StoredEvent | AuditUnavailable) for outcome in outcomes)
    assert acknowledged(outcomes) | {last.id} <= await stored_ids(fresh_platform)


async def test_a_locked_table_refuses_within_the_bound(fresh_platform: Platform, short_bound: None) -> None:
    person = await make_person(fresh_platform)
    async with open_log(fresh_platform) as log, as_owner(fresh_platform) as owner:
        await owner.execute("begin; lock table audit_event in access exclusive mode")
        with pytest.raises(AuditUnavailable, match="nothing was shown"):
            await log.append(disclosure(person))
        await owner.execute("rollback")
        assert (await log.append(disclosure(person))).id in await stored_ids(fresh_platform)


async def test_a_server_that_falls_silent_refuses_within_the_bound(fresh_platform: Platform, short_bound: None) -> None:
    """The connection stays open and says nothing: there is no error to wait for, only the bound."""
    person = await make_person(fresh_platform)
    connections: list[asyncpg.Connection[asyncpg.Record]] = []

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        connections.append(await connects(fresh_platform)())
        return connections[-1]

    async with open_log(fresh_platform, connect) as log:
        await log.append(disclosure(person))
        connections[0]._transport.pause_reading()
        with pytest.raises(AuditUnavailable):
            await log.append(disclosure(person))
        after = await log.append(disclosure(person))
    assert after.id in await stored_ids(fresh_platform)
    assert len(connections) == 2


async def test_a_month_without_a_partition_is_refused(fresh_platform: Platform) -> None:
    person = await make_person(fresh_platform)
    async with open_log(fresh_platform) as log:
        fresh_platform.clock.advance(timedelta(days=4000))
        with pytest.raises(AuditUnavailable):
            await log.append(disclosure(person))
        fresh_platform.clock.advance(timedelta(days=-4000))
        stored = await log.append(disclosure(person))
    assert await stored_ids(fresh_platform) == {stored.id}


async def test_no_server_at_all_is_refused(platform: Platform) -> None:
    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        raise ConnectionRefusedError

    person = await make_person(platform)
    async with open_log(platform, connect) as log:
        with pytest.raises(AuditUnavailable):
            await log.append(disclosure(person))


async def test_a_full_queue_refuses_at_once_and_keeps_the_rest(fresh_platform: Platform) -> None:
    person = await make_person(fresh_platform)
    event = AuditEvent(disclosure(person).kind, disclosure(person).actor, "Plain")
    open_gate, asked = asyncio.Event(), asyncio.Event()

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        asked.set()
        await open_gate.wait()
        return await connects(fresh_platform)()

    async with open_log(fresh_platform, connect) as log:
        first = asyncio.create_task(log.append(event))
        await asked.wait()
        waiting = [asyncio.create_task(log.append(event)) for _ in range(QUEUE_LIMIT)]
        await until(lambda: log.waiting == QUEUE_LIMIT)
        with pytest.raises(AuditUnavailable):
            await log.append(event)
        open_gate.set()
        stored = await asyncio.gather(first, *waiting)
    assert len(await stored_ids(fresh_platform)) == len(stored) == QUEUE_LIMIT + 1


async def test_nothing_can_be_recorded_of_an_erased_person(platform: Platform) -> None:
    person = await make_person(platform)
    await platform.keys.destroy(person.id)
    async with open_log(platform) as log:
        with pytest.raises(AuditUnavailable):
            await log.append(disclosure(person))


async def test_a_writer_that_has_stopped_refuses(platform: Platform) -> None:
    person = await make_person(platform)
    log = AuditLog(connects(platform), platform.sealer)
    with pytest.raises(AuditUnavailable):
        await log.append(disclosure(person))
    async with log:
        pass
    with pytest.raises(AuditUnavailable):
        await log.append(disclosure(person))


async def test_stopping_refuses_who_still_waits(fresh_platform: Platform, superuser: Connection) -> None:
    person = await make_person(fresh_platform)
    async with as_owner(fresh_platform) as owner:
        await owner.execute("begin; lock table audit_event in access exclusive mode")
        async with open_log(fresh_platform) as log:
            waiting = asyncio.create_task(log.append(disclosure(person)))
            await _backend_waits(superuser)
            queued = asyncio.create_task(log.append(disclosure(person)))
            await until(lambda: log.waiting == 1)
        outcomes = await asyncio.gather(waiting, queued, return_exceptions=True)
        await owner.execute("rollback")
    assert [type(outcome) for outcome in outcomes] == [AuditUnavailable, AuditUnavailable]


async def _outcome(log: AuditLog, event: AuditEvent) -> StoredEvent | BaseException:
    try:
        return await log.append(event)
    except AuditUnavailable as error:
        return error


async def _backend_waits(superuser: Connection) -> None:
    """Return when the writer's statement hangs on a lock."""
    waits = "select count(*) from pg_stat_activity where usename = 'sslm_audit' and wait_event_type = 'Lock'"
    while not await superuser.fetchval(waits + " and datname = current_database()"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _terminate_writers(superuser: Connection) -> None:
    await superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = 'sslm_audit' and datname = current_database()"
    )
