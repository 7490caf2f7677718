"""A worker: the queue's jobs, the due-scanner, recovery of dead workers' jobs, and periodic maintenance, side by side.

One rule: it stops in order. First nothing new is claimed, then running jobs get their time to end, then what still
runs is cut off and put back; cancellation does the same and is passed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job, Status

from api.db.sessions import Sessions
from api.db.urls import DatabaseUrl
from api.jobs.due import DueScanner, DueSource
from api.jobs.maintenance import Maintenance
from api.jobs.queue import QUEUE, Task, job_arguments, open_queue
from api.kit.metrics import Metrics
from governance.clock import Clock

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 15.0
_FAILURES_PER_RECORD: Final = 40
_MOST_RECOVERIES: Final = 5
_FINISHED_JOBS_HOURS: Final = 24

_log = structlog.get_logger("api.jobs")


@dataclass(frozen=True, slots=True)
class WorkerTimes:
    """How long a worker waits, in seconds."""

    stop_seconds: float = 20.0
    stalled_every: float = 60.0
    stalled_after: float = 30.0
    heartbeat: float = 10.0
    maintenance_every: float = 3600.0
    poll: float = 5.0


class JobWorker:
    """One process's share of the work. Any number of them may run on one database."""

    def __init__(
        self,
        *,
        url: DatabaseUrl,
        sessions: Sessions,
        clock: Clock,
        sources: Sequence[DueSource],
        maintenance: Maintenance | None,
        metrics: Metrics,
        concurrency: int = 8,
        times: WorkerTimes | None = None,
    ) -> None:
        self._times = times or WorkerTimes()
        self._concurrency = concurrency
        self._maintenance = maintenance
        self._metrics = metrics
        self._queue = open_queue(url, _tasks_of(sources), metrics)
        self._scanner = DueScanner(url, sessions, clock, sources, metrics)
        self._opened = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set or this is cancelled. A restart of the database is waited out."""
        _log.info("worker_started", concurrency=self._concurrency)
        jobs = asyncio.create_task(_keep_running("jobs", self._run_jobs), name="jobs")
        try:
            async with asyncio.TaskGroup() as group:
                others = [
                    group.create_task(_keep_running("due", self._scanner.run), name="due"),
                    group.create_task(_keep_running("stalled", self._recover_forever), name="stalled"),
                    group.create_task(_keep_running("maintenance", self._maintain_forever), name="maintenance"),
                ]
                await stop.wait()
                for task in others:
                    task.cancel()
        finally:
            await self._end(jobs)

    async def _end(self, jobs: asyncio.Task[None]) -> None:
        """Let running jobs end, cut off the rest, and close the queue's connections."""
        jobs.cancel()
        await asyncio.wait([jobs])
        await self._queue.close_async()
        _log.info("worker_stopped")

    async def _run_jobs(self) -> None:
        """Run the queue's worker. It returns, instead of raising, when one of its own connections is lost."""
        try:
            await self._queue.open_async()
        except BaseException:
            await self._queue.close_async()  # a pool that did not open cannot be opened again; the next try makes one
            raise
        self._opened.set()
        await self._queue.run_worker_async(
            queues=[QUEUE],
            concurrency=self._concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=self._times.stop_seconds,
            fetch_job_polling_interval=self._times.poll,
            update_heartbeat_interval=self._times.heartbeat,
            stalled_worker_timeout=self._times.stalled_after,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
        )
        raise ConnectionResetError("the queue's worker ended without being told to")

    async def _recover_forever(self) -> None:
        await self._opened.wait()
        while True:
            await recover_stalled_jobs(self._queue, self._metrics, self._times.stalled_after)
            await asyncio.sleep(self._times.stalled_every)

    async def _maintain_forever(self) -> None:
        await self._opened.wait()
        while True:
            if self._maintenance is not None:
                await self._maintenance.run()
            await remove_finished_jobs(self._queue)
            await asyncio.sleep(self._times.maintenance_every)


def _tasks_of(sources: Sequence[DueSource]) -> list[Task]:
    return list({source.task.name: source.task for source in sources}.values())


async def recover_stalled_jobs(queue: App, metrics: Metrics, stalled_after: float) -> int:
    """Put back the jobs whose worker no longer shows signs of life; return how many.

    One that took several workers down with it is given up: its row comes due again when the lease ends, more slowly.
    """
    recovered = 0
    for job in await queue.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=stalled_after):
        # Another worker may put it back, or its own worker may wake and finish it, at this very moment.
        with suppress(ConnectorException):
            await _put_back(queue, job)
            recovered += 1
    if recovered:
        metrics.recovered(recovered)
    return recovered


async def _put_back(queue: App, job: Job) -> None:
    if job.attempts >= _MOST_RECOVERIES:
        await queue.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        _log.error("job_given_up", **job_arguments(job), attempts=job.attempts)
        return
    await queue.job_manager.retry_job(job)
    _log.warning("job_recovered", **job_arguments(job), attempts=job.attempts)


async def remove_finished_jobs(queue: App) -> None:
    """Delete jobs that ended a day ago. Those that succeeded are deleted as they end and never pile up."""
    await queue.job_manager.delete_old_jobs(
        _FINISHED_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def _keep_running(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run it again whenever it fails, after a growing pause; log the first failure in a row and then every fortieth."""
    pause, failures = _FIRST_PAUSE, 0
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await run()
        except Exception:  # noqa: BLE001 - whatever it was, work must go on; it is logged
            if loop.time() - began > _LONGEST_PAUSE:
                pause, failures = _FIRST_PAUSE, 0
            if failures % _FAILURES_PER_RECORD == 0:
                _log.exception("worker_part_failed", process=what, attempts=failures + 1)
        failures += 1
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
