"""A row that is due is claimed once, with its job, in one transaction; what is lost comes due again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select

from api.jobs.due import DueScanner, DueSource
from api.jobs.queue import Claim, Task, defer_in
from api.kit.metrics import Metrics
from api.models import Base, DeliveryRow
from api.viewer import JOB
from tests.integration.conftest import Platform
from tests.integration.jobs.parts import eventually, make_person, queue_hello


async def nothing(_row_id: UUID, _generation: int) -> None:
    return None


SOURCE = DueSource(Base.metadata.tables["delivery"], Task("send_delivery", nothing))
JOBS = "select args from procrastinate_jobs order by id"


def scanner(platform: Platform, metrics: Metrics, *sources: DueSource) -> DueScanner:
    return DueScanner(platform.urls.application, platform.sessions, platform.clock, sources or (SOURCE,), metrics)


async def test_a_due_row_becomes_one_job(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    person = await make_person(fresh_platform.works)
    delivery = await queue_hello(fresh_platform.works, person)
    scan = scanner(fresh_platform, metrics)
    await scan.scan()
    await scan.scan()
    jobs = [json.loads(row["args"]) for row in await witness.fetch(JOBS)]
    assert jobs == [{"row_id": str(delivery), "generation": 1}]
    row = await witness.fetchrow("select next_action_at, generation from delivery")
    assert row is not None
    assert row["next_action_at"] == fresh_platform.clock.now() + SOURCE.lease
    assert row["generation"] == 1


async def test_a_lost_job_comes_due_when_its_lease_ends(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    await queue_hello(fresh_platform.works, await make_person(fresh_platform.works))
    scan = scanner(fresh_platform, metrics)
    await scan.scan()
    await witness.execute("delete from procrastinate_jobs")
    fresh_platform.clock.advance(SOURCE.lease - timedelta(seconds=1))
    await scan.scan()
    assert await witness.fetch(JOBS) == []
    fresh_platform.clock.advance(timedelta(seconds=1))
    await scan.scan()
    assert [json.loads(row["args"])["generation"] for row in await witness.fetch(JOBS)] == [2]


async def test_a_rollback_leaves_neither_claim_nor_job(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    await queue_hello(fresh_platform.works, await make_person(fresh_platform.works))
    scan = scanner(fresh_platform, metrics)

    async def claim_and_fail() -> None:
        async with fresh_platform.sessions.write() as session:
            assert len(await scan._claim(session, SOURCE)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await claim_and_fail()
    assert await witness.fetch(JOBS) == []
    assert await witness.fetchval("select generation from delivery") == 0


async def test_no_claims_no_jobs(fresh_platform: Platform, witness: asyncpg.Connection) -> None:
    async with fresh_platform.sessions.write() as session:
        assert await defer_in(session, "send_delivery", []) == 0
        assert await defer_in(session, "send_delivery", [Claim(UUID(int=n), n) for n in range(1, 1200)]) == 1199
    assert await witness.fetchval("select count(*) from procrastinate_jobs") == 1199
    first = json.loads(await witness.fetchval(JOBS))
    assert first == {"row_id": str(UUID(int=1)), "generation": 1}


async def test_many_scanners_share_the_rows_without_doubles(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    person = await make_person(fresh_platform.works)
    async with fresh_platform.works.open(JOB) as work:
        for number in range(400):
            work.session.add(
                DeliveryRow(
                    id=UUID(int=number),
                    data_subject_id=person.id,
                    template="hello",
                    content=b"x",
                    status="waiting",
                    attempts=0,
                    created_at=fresh_platform.clock.now(),
                    next_action_at=fresh_platform.clock.now(),
                    generation=0,
                )
            )
    small = replace(SOURCE, batch=25)
    scanners = [scanner(fresh_platform, metrics, small) for _ in range(4)]
    async with asyncio.TaskGroup() as group:
        for scan in scanners:
            group.create_task(scan.scan())
    # A scanner that met only locked rows may have left early; one more look takes the rest, if any.
    await scanners[0].scan()
    claimed = [json.loads(row["args"])["row_id"] for row in await witness.fetch(JOBS)]
    assert len(claimed) == len(set(claimed)) == 400


async def test_a_locked_row_waits_for_its_worker(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    await queue_hello(fresh_platform.works, await make_person(fresh_platform.works))
    scan = scanner(fresh_platform, metrics)
    async with fresh_platform.sessions.write() as session:
        await session.execute(select(DeliveryRow).with_for_update())
        await scan.scan()
        assert await witness.fetch(JOBS) == []
    await scan.scan()
    assert len(await witness.fetch(JOBS)) == 1


async def test_the_wait_ends_at_the_earliest_row(fresh_platform: Platform, metrics: Metrics) -> None:
    scan = scanner(fresh_platform, metrics)
    assert await scan.scan() == 30
    await queue_hello(fresh_platform.works, await make_person(fresh_platform.works))
    await scan.scan()
    fresh_platform.clock.advance(SOURCE.lease - timedelta(seconds=7))
    assert await scan.scan() == 7
    fresh_platform.clock.advance(timedelta(seconds=7))
    assert await scan.scan() == 0.05


async def test_an_announcement_wakes_the_scanner(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    scan = scanner(fresh_platform, metrics)
    running = asyncio.create_task(scan.run())
    await eventually(witness, "select count(*) from pg_stat_activity where application_name = 'sslm due'", 1)
    person = await make_person(fresh_platform.works)
    for expected in range(1, 6):
        await queue_hello(fresh_platform.works, person)
        # Far sooner than the thirty seconds after which it would have looked by itself.
        await eventually(witness, "select count(*) from procrastinate_jobs", expected)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_lost_connection_ends_the_run(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    running = asyncio.create_task(scanner(fresh_platform, metrics).run())
    await eventually(witness, "select count(*) from pg_stat_activity where application_name = 'sslm due'", 1)
    await witness.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sslm due'")
    with pytest.raises(ConnectionResetError):
        await running


async def test_without_sources_nothing_is_due(fresh_platform: Platform, metrics: Metrics) -> None:
    empty = DueScanner(fresh_platform.urls.application, fresh_platform.sessions, fresh_platform.clock, (), metrics)
    assert await empty.scan() == 30
