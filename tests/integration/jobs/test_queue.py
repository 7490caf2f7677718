"""The queue keeps no job longer than a day, and gives up one that takes every worker down with it."""

from __future__ import annotations

import asyncpg

from api.db.urls import DatabaseUrl
from api.jobs.queue import open_queue
from api.jobs.worker import recover_stalled_jobs, remove_finished_jobs
from api.kit.metrics import Metrics, render
from tests.integration.conftest import Platform

ADD = """
insert into procrastinate_jobs (queue_name, task_name, args, status, attempts)
values ('due', 'send_delivery', '{"row_id": "00000000-0000-0000-0000-000000000001", "generation": 1}', $1, $2)
"""
STATES = "select string_agg(status::text, ' ' order by attempts) from procrastinate_jobs"


async def test_jobs_of_dead_workers_are_put_back_five_times(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    for attempts in (0, 4, 5):
        await witness.execute(ADD, "doing", attempts)
    queue = open_queue(fresh_platform.urls.application, [], metrics)
    async with queue.open_async():
        assert await recover_stalled_jobs(queue, metrics, 30) == 3
        assert await witness.fetchval(STATES) == "todo todo failed"
        assert await recover_stalled_jobs(queue, metrics, 30) == 0
    assert "sslm_jobs_recovered_total 3.0" in render(metrics.registry).decode()


async def test_jobs_of_living_workers_are_left_alone(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    await witness.execute(ADD, "doing", 0)
    worker = await witness.fetchval("select worker_id from procrastinate_register_worker_v1()")
    await witness.execute("update procrastinate_jobs set worker_id = $1", worker)
    queue = open_queue(fresh_platform.urls.application, [], metrics)
    async with queue.open_async():
        assert await recover_stalled_jobs(queue, metrics, 30) == 0
        await witness.execute("update procrastinate_workers set last_heartbeat = now() - interval '31 seconds'")
        assert await recover_stalled_jobs(queue, metrics, 30) == 1


async def test_jobs_that_ended_a_day_ago_are_deleted(
    fresh_platform: Platform, witness: asyncpg.Connection, metrics: Metrics
) -> None:
    for number, state in enumerate(("succeeded", "failed", "aborted", "cancelled", "todo", "failed")):
        await witness.execute(ADD, state, number)
    await witness.execute(
        "insert into procrastinate_events (job_id, type, at) "
        "select id, 'failed', now() - case when attempts = 5 then interval '23 hours' else interval '25 hours' end "
        "from procrastinate_jobs"
    )
    await witness.execute("delete from procrastinate_events where at > now() - interval '1 hour'")
    queue = open_queue(fresh_platform.urls.application, [], metrics)
    async with queue.open_async():
        await remove_finished_jobs(queue)
    assert await witness.fetchval(STATES) == "todo failed"


def test_nothing_connects_when_a_queue_is_made(metrics: Metrics) -> None:
    from_nowhere = open_queue(DatabaseUrl.parse("postgresql://sslm_app@nowhere.invalid/sslm"), [], metrics)
    assert from_nowhere.connector is not None
