"""Databases for tests: one server for a whole run, however many workers; real migrations run once.

Take `worker_urls()` with `rolled_back` for tests of services (a savepoint each, nothing remains), and `fresh()` for
tests that need real commits, several connections or several processes. One rule: no test empties a table.

`TEST_DATABASE_URL` names the superuser of another server to use instead of the embedded one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.db import embedded
from api.db.roles import prepare, quoted
from api.db.urls import OWNER, DatabaseUrl, DatabaseUrls, derive_urls

Migrate = Callable[[DatabaseUrls], None]
"""Runs the migrations of both databases. Called in a thread without an event loop, so it may use its own."""

Result = TypeVar("Result")
TEMPLATE_LOCK = 7_306_009
TEMPLATE_READY = "migrated"
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:8]
"""The same for all workers of a run, new for each run."""
RUN_FOLDERS = Path(tempfile.gettempdir()) / f"sslm-tests-{os.geteuid()}"


class Cluster:
    """The server of this test run, with one migrated pair of databases to copy from.

    Every worker holds a shared advisory lock of the run; the last to leave drops the template.
    """

    def __init__(self, superuser_url: str, run: str, worker: str) -> None:
        self.superuser_url = superuser_url
        self._run = run
        self._worker = worker
        self._template = self._urls("template")
        self._worker_urls: DatabaseUrls | None = None
        self._server = psycopg.connect(superuser_url, autocommit=True)
        self._server.execute("select pg_advisory_lock_shared(%s, hashtext(%s))", (TEMPLATE_LOCK, run))

    def worker_urls(self) -> DatabaseUrls:
        """Give the pair of databases that belongs to this worker alone, migrated; the same one each time."""
        if self._worker_urls is None:
            self._worker_urls = self._copy(self._worker)
        return self._worker_urls

    @contextmanager
    def fresh(self) -> Iterator[DatabaseUrls]:
        """Give a migrated pair nobody has written to (about a tenth of a second); drop it afterwards.

        Connections still open then are cut. Blocks, so an async test uses it with a plain `with`, too.
        """
        urls = self._copy(f"{self._worker}_{uuid.uuid4().hex[:8]}")
        try:
            yield urls
        finally:
            self._drop(urls)

    def make_template(self, migrate: Migrate) -> None:
        """Migrate the template unless another worker of this run already did; the others wait here."""
        database = self._template.owner.database
        self._server.execute("select pg_advisory_lock(%s)", (TEMPLATE_LOCK,))
        try:
            remark = "select shobj_description(oid, 'pg_database') from pg_database where datname = %s"
            found = self._server.execute(remark, (database,)).fetchone()
            if found == (TEMPLATE_READY,):
                return
            in_thread(prepare(self.superuser_url, self._template))
            with ThreadPoolExecutor(1) as pool:
                pool.submit(migrate, self._template).result()
            for name in _databases(self._template):
                self._run_sql(f"alter database {quoted(name)} with allow_connections false")
            self._run_sql(f"comment on database {quoted(database)} is '{TEMPLATE_READY}'")
        finally:
            self._server.execute("select pg_advisory_unlock(%s)", (TEMPLATE_LOCK,))

    def close(self) -> None:
        """Drop what this worker made, and the template when no other worker needs it."""
        if self._worker_urls is not None:
            self._drop(self._worker_urls)
        lock = (TEMPLATE_LOCK, self._run)
        self._server.execute("select pg_advisory_unlock_shared(%s, hashtext(%s))", lock)
        if self._server.execute("select pg_try_advisory_lock(%s, hashtext(%s))", lock).fetchone() == (True,):
            self._drop(self._template)
        self._server.close()

    def _urls(self, name: str) -> DatabaseUrls:
        return derive_urls(self.superuser_url, database=f"sslm_test_{self._run}_{name}")

    def _copy(self, name: str) -> DatabaseUrls:
        urls = self._urls(name)
        for copy, template in zip(_databases(urls), _databases(self._template), strict=True):
            self._run_sql(f"create database {quoted(copy)} template {quoted(template)} owner {OWNER}")
        in_thread(prepare(self.superuser_url, urls))
        return urls

    def _drop(self, urls: DatabaseUrls) -> None:
        for name in _databases(urls):
            self._run_sql(f"drop database if exists {quoted(name)} with (force)")

    def _run_sql(self, statement: str) -> None:
        self._server.execute(statement.encode())


def _databases(urls: DatabaseUrls) -> tuple[str, str]:
    return urls.owner.database, urls.keys_owner.database


@contextmanager
def running_server() -> Iterator[str]:
    """Join the server of this test run, or start it; give its superuser's address.

    The last worker to leave stops it; `sweep` removes its folder.
    """
    if named := os.environ.get("TEST_DATABASE_URL"):
        yield DatabaseUrl.parse(named).plain
        return
    RUN_FOLDERS.mkdir(mode=0o755, exist_ok=True)
    with embedded.start(RUN_FOLDERS / RUN) as server:
        yield server.superuser_url


@contextmanager
def running_cluster(migrate: Migrate) -> Iterator[Cluster]:
    """Join the server of this test run and have its template migrated. For one fixture of the whole session."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with running_server() as superuser_url:
        cluster = Cluster(superuser_url, RUN, worker)
        try:
            cluster.make_template(migrate)
            yield cluster
        finally:
            cluster.close()


def sweep() -> None:
    """Stop and remove servers nobody uses: of this run, and of runs that were killed.

    For `pytest_unconfigure` of the process that is not a worker.
    """
    for folder in RUN_FOLDERS.iterdir() if RUN_FOLDERS.is_dir() else ():
        if (folder / "users.lock").exists() and embedded.stop_if_unused(folder):
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def rolled_back(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection whose every write is undone at the end; bind the sessions of one test to it.

    It is inside a savepoint of an open transaction, so a session bound to it (`AsyncSession(bind=connection)`, with
    the default `join_transaction_mode`) releases or rolls back to savepoints where it would commit or roll back.
    One connection: sessions on it may follow one another, never run at the same time.
    """
    async with engine.connect() as connection:
        transaction = await connection.begin()
        await connection.begin_nested()
        try:
            yield connection
        finally:
            await transaction.rollback()


def in_thread(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, whether or not an event loop runs in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
