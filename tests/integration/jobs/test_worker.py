"""Workers share one queue, stop in order, outlive the database, and leave nothing behind when they are killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.db.engine import open_engine
from api.db.sessions import Sessions
from api.jobs.due import DueSource
from api.jobs.queue import Task
from api.jobs.worker import JobWorker
from api.kit.metrics import Metrics, render
from api.models import Base
from api.work import Works
from governance.keys import KeyEncryptionKeys
from tests.integration.conftest import Platform
from tests.integration.jobs.parts import eventually, make_person, queue_hello
from tests.integration.jobs.worker_process import QUICK, works_on
from tests.integration.mail.servers import Mailbox, smtp_server
from tests.support.database import Cluster

ROOT = Path(__file__).resolve().parents[3]
WAITING = "select count(*) from delivery where status = 'waiting'"
DOING = "select count(*) from procrastinate_jobs where status = 'doing'"
OPEN_JOBS = "select count(*) from procrastinate_jobs where status in ('todo', 'doing')"


@dataclass
class Installation:
    """One pair of databases with keys in a folder, so that several processes can open them."""

    platform: Platform
    works: Works
    arguments: dict[str, Any]

    @asynccontextmanager
    async def worker(self, mailbox: Mailbox, **more: Any) -> AsyncIterator[Process]:
        arguments = {**self.arguments, "mail": f"smtp://127.0.0.1:{mailbox.port}", "concurrency": 8, **more}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.jobs.worker_process", json.dumps(arguments), cwd=ROOT
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def queue(self, mails: int) -> list[UUID]:
        person = await make_person(self.works)
        return [await queue_hello(self.works, person) for _ in range(mails)]


@pytest.fixture
async def installation(fresh_platform: Platform, tmp_path: Path) -> AsyncIterator[Installation]:
    KeyEncryptionKeys.create_epoch(tmp_path / "keys", 1)
    urls = fresh_platform.urls
    works = works_on(urls.application, urls.keys, tmp_path / "keys")
    arguments = {
        "database": urls.application.plain,
        "keys_database": urls.keys.plain,
        "key_folder": str(tmp_path / "keys"),
        "templates": str(tmp_path / "templates"),
    }
    yield Installation(fresh_platform, works, arguments)
    await works.sessions._open.kw["bind"].dispose()
    await works.keys._engine.dispose()


def identifiers(mailbox: Mailbox) -> list[str]:
    return [str(message["Message-ID"]).strip("<>").partition("@")[0] for message in mailbox.messages]


async def test_two_workers_send_each_mail_once(installation: Installation, witness: asyncpg.Connection) -> None:
    async with smtp_server() as mailbox, installation.worker(mailbox) as one, installation.worker(mailbox) as other:
        queued = await installation.queue(60)
        await eventually(witness, WAITING, 0)
        for process in (one, other):
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    assert sorted(identifiers(mailbox)) == sorted(map(str, queued))
    assert await witness.fetchval(OPEN_JOBS) == 0


async def test_a_killed_workers_jobs_are_recovered(installation: Installation, witness: asyncpg.Connection) -> None:
    """Five jobs are cut off in the middle of a conversation; nobody waits for their leases of five minutes."""
    async with smtp_server() as mailbox:
        mailbox.hang = True
        queued = await installation.queue(5)
        async with installation.worker(mailbox) as victim:
            await eventually(witness, DOING, 5)
            await mailbox.reached.wait()
            victim.kill()
            await victim.wait()
        mailbox.hang = False
        assert await witness.fetchval(DOING) == 5
        async with installation.worker(mailbox) as rescuer:
            await eventually(witness, WAITING, 0)
            await eventually(witness, OPEN_JOBS, 0)
            rescuer.terminate()
            assert await rescuer.wait() == 0
    assert sorted(identifiers(mailbox)) == sorted(map(str, queued))
    assert await witness.fetchval("select count(*) from delivery where status = 'sent'") == 5


async def test_killed_again_and_again_nothing_is_lost(installation: Installation, witness: asyncpg.Connection) -> None:
    async with smtp_server() as mailbox:
        queued = await installation.queue(40)
        for sent in (5, 12, 20):
            async with installation.worker(mailbox, concurrency=4) as victim:
                while len(mailbox.envelopes) < sent:  # noqa: ASYNC110 - the moment of death is what matters
                    await asyncio.sleep(0.005)
                victim.kill()
                await victim.wait()
        async with installation.worker(mailbox):
            await eventually(witness, WAITING, 0)
    counted = Counter(identifiers(mailbox))
    assert set(counted) == set(map(str, queued))
    # At least once: what was in the air when its worker died is repeated under the same Message-ID.
    assert sum(counted.values()) <= 40 + 3 * 4


async def test_a_stopped_worker_lets_its_jobs_end(installation: Installation, witness: asyncpg.Connection) -> None:
    async with smtp_server() as mailbox:
        mailbox.hang = True
        await installation.queue(3)
        async with installation.worker(mailbox) as process:
            await eventually(witness, DOING, 3)
            process.terminate()
            await eventually(witness, "select count(*) from pg_stat_activity where application_name = 'sslm due'", 0)
            assert process.returncode is None
            mailbox.release.set()
            assert await process.wait() == 0
    assert await witness.fetchval(WAITING) == 0
    assert len(mailbox.messages) == 3


async def test_jobs_that_do_not_end_are_handed_over(installation: Installation, witness: asyncpg.Connection) -> None:
    async with smtp_server() as mailbox:
        mailbox.hang = True
        await installation.queue(2)
        async with installation.worker(mailbox, stop_seconds=0.2) as process:
            await eventually(witness, DOING, 2)
            process.terminate()
            assert await process.wait() == 0
        assert await witness.fetchval("select count(*) from procrastinate_jobs where status = 'todo'") == 2
        mailbox.hang = False
        async with installation.worker(mailbox):
            await eventually(witness, WAITING, 0)
    assert len(mailbox.messages) == 2


def in_process_worker(
    platform: Platform, works: Works, metrics: Metrics, run: Callable[[UUID, int], Awaitable[None]]
) -> JobWorker:
    table = Base.metadata.tables["delivery"]
    source = DueSource(table, Task("touch", run, timedelta(seconds=0.5)), lease=timedelta(seconds=1))
    return JobWorker(
        url=platform.urls.application,
        sessions=works.sessions,
        clock=works.clock,
        sources=[source],
        maintenance=None,
        metrics=metrics,
        concurrency=2,
        times=replace(QUICK, stop_seconds=1),
    )


async def test_a_failing_job_is_repeated_by_its_lease(installation: Installation, metrics: Metrics) -> None:
    ran: list[int] = []
    enough = asyncio.Event()

    async def run(_row_id: UUID, generation: int) -> None:
        ran.append(generation)
        if len(ran) == 3:
            enough.set()
        if len(ran) == 2:
            await asyncio.sleep(60)
        raise RuntimeError("marker@example.test")

    await installation.queue(1)
    stop = asyncio.Event()
    working = asyncio.create_task(in_process_worker(installation.platform, installation.works, metrics, run).run(stop))
    await enough.wait()
    stop.set()
    await working
    assert ran[:3] == [1, 2, 3]
    assert 'sslm_jobs_total{outcome="failed",task="touch"}' in render(metrics.registry).decode()


async def test_cancellation_is_passed_on(installation: Installation, metrics: Metrics) -> None:
    started = asyncio.Event()

    async def run(_row_id: UUID, _generation: int) -> None:
        started.set()

    await installation.queue(1)
    worker = in_process_worker(installation.platform, installation.works, metrics, run)
    working = asyncio.create_task(worker.run(asyncio.Event()))
    await started.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not [task for task in asyncio.all_tasks() if task.get_name() in {"jobs", "due", "worker loop"}]


async def test_a_restart_of_the_database_is_waited_out(
    installation: Installation, metrics: Metrics, cluster: Cluster
) -> None:
    ran: set[UUID] = set()

    async def run(row_id: UUID, _generation: int) -> None:
        ran.add(row_id)

    database = installation.platform.urls.application.database
    superuser = await asyncpg.connect(cluster.superuser_url)
    stop = asyncio.Event()
    (before,) = await installation.queue(1)
    engine = open_engine(installation.platform.urls.application.sqlalchemy)
    works = replace(installation.works, sessions=Sessions(engine))
    working = asyncio.create_task(in_process_worker(installation.platform, works, metrics, run).run(stop))
    await until(lambda: before in ran)
    await superuser.execute(f"alter database {database} with allow_connections false")
    for _ in range(2):
        await superuser.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database)
        await asyncio.sleep(0.5)
    await superuser.execute(f"alter database {database} with allow_connections true")
    # Only what queues the mail gets new connections; the worker must find out by itself.
    await installation.works.sessions._open.kw["bind"].dispose()
    await installation.works.keys._engine.dispose()
    (after,) = await installation.queue(1)
    await until(lambda: after in ran)
    stop.set()
    await working
    await engine.dispose()
    await superuser.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the job runs in this loop and knows no event
        await asyncio.sleep(0.02)
