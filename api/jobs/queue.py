"""The job queue: tasks that advance one row each, deferred in the transaction that claimed the row.

One rule: a job's arguments are the row's id and the generation of its claim, so nothing personal waits in the queue
and a job that lost its claim finds that out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from sqlalchemy import text

from api.db.sessions import WriteSession
from api.db.urls import DatabaseUrl
from api.kit.metrics import Metrics

QUEUE: Final = "due"
_HANDOVERS: Final = 3
"""How often a job is handed on by workers that stop before it waits for its row to come due instead."""
_POOL: Final = (1, 4)

_DEFER: Final = text(
    """
    select cardinality(procrastinate_defer_jobs_v1(array_agg(
        row(:queue, :task, 0, null, null,
            jsonb_build_object('row_id', claim.row_id, 'generation', claim.generation), null
        )::procrastinate_job_to_defer_v1 order by claim.position)))
    from jsonb_to_recordset(cast(:claims as jsonb)) as claim(position integer, row_id uuid, generation integer)
    """
)
_log = structlog.get_logger("api.jobs")

Run = Callable[[UUID, int], Awaitable[None]]
"""Advance one row as far as it can go, then end. Arguments: the row's id, the generation of the claim."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of job. Its name is permanent, because waiting jobs carry it.

    `run` is cancelled after `time_limit`, and when its worker must stop. Whatever it raises, nothing is lost: the row
    comes due again when its lease ends.
    """

    name: str
    run: Run
    time_limit: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that came due, and the fencing token under which a job may change it."""

    row_id: UUID
    generation: int


async def defer_in(session: WriteSession, task_name: str, claims: Sequence[Claim]) -> int:
    """Add one job for each claim in the session's transaction: they exist exactly when it commits."""
    if not claims:
        return 0
    rows = [{"position": i, "row_id": str(c.row_id), "generation": c.generation} for i, c in enumerate(claims)]
    found = await session.execute(
        _DEFER, {"queue": QUEUE, "task": task_name, "claims": msgspec.json.encode(rows).decode()}
    )
    return int(found.scalar_one())


def open_queue(url: DatabaseUrl, tasks: Iterable[Task], metrics: Metrics) -> App:
    """Return the queue's application with its tasks; it connects when it is opened, not before."""
    connector = PsycopgConnector(
        conninfo=url.plain,
        min_size=_POOL[0],
        max_size=_POOL[1],
        timeout=10.0,
        kwargs={"application_name": "sslm queue"},
    )
    app = App(connector=connector)
    for task in tasks:
        app.task(name=task.name, queue=QUEUE, retry=_HandOver())(_measured(task, metrics))
    return app


class _HandOver(BaseRetryStrategy):
    """Puts back a job that was cut off because its worker stopped; a job that failed waits for its row's lease."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError) and job.attempts < _HANDOVERS:
            return RetryDecision()
        return None


def _measured(task: Task, metrics: Metrics) -> Callable[..., Awaitable[None]]:
    """Wrap a task with its time limit, its count and, for an error nobody expected, its log record."""

    async def run(*, row_id: str, generation: int) -> None:
        began = time.monotonic()
        outcome = "failed"
        try:
            async with asyncio.timeout(task.time_limit.total_seconds()):
                await task.run(UUID(row_id), generation)
            outcome = "done"
        except asyncio.CancelledError:
            outcome = "cut_off"
            raise
        except Exception as error:
            _log.exception("job_failed", task=task.name, row_id=row_id, generation=generation)
            raise JobFailed(task.name) from error
        finally:
            metrics.job(task.name, outcome, time.monotonic() - began)

    return run


class JobFailed(Exception):
    """A job ended by an error that was logged with its own frames; the queue only needs to know that it failed."""


def job_arguments(job: Job) -> dict[str, Any]:
    """Return a job's arguments as the log may show them."""
    return {"task": job.task_name, "job_id": job.id, **job.task_kwargs}
