"""Fixtures of the integration tests: the real database, one migrated pair for each worker, a savepoint for each test.

`works` writes inside a transaction that is undone; `fresh_platform` commits for real into a pair of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from api.db.engine import open_engine
from api.db.migrations import upgrade
from api.db.roles import audit_grants
from api.db.sessions import Sessions
from api.db.urls import DatabaseUrls
from api.models import CONTENT_KEY_TABLE, GOVERNANCE
from api.work import Works
from governance.audit.partitions import month_statements, partition_name
from governance.audit.seal import EventSealer
from governance.audit.trail import AuditTrail
from governance.clock import Clock, ManualClock
from governance.keys import ContentKeys, KeyEncryptionKeys
from governance.models import AUDIT_EVENT, AUDIT_SEALED_PART
from tests.support.database import Cluster, rolled_back, running_cluster

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Platform:
    """The parts a service test needs, on one pair of databases."""

    urls: DatabaseUrls
    engine: AsyncEngine
    sessions: Sessions
    works: Works
    keys: ContentKeys
    sealer: EventSealer
    clock: ManualClock


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server of this run with its migrated template."""
    with running_cluster(_migrate) as running:
        yield running


def _migrate(urls: DatabaseUrls) -> None:
    """Run the migrations, and make the month of the tests' clock; the application makes the present one."""
    upgrade(urls)
    with psycopg.connect(urls.owner.plain, autocommit=True) as connection:
        for statement in month_statements(NOON.date()):
            connection.execute(statement.encode())
        for table in (AUDIT_EVENT, AUDIT_SEALED_PART):
            for statement in audit_grants(partition_name(table, NOON.date())):
                connection.execute(statement.encode())


@pytest.fixture(scope="session")
def wrapping(tmp_path_factory: pytest.TempPathFactory) -> KeyEncryptionKeys:
    """Key-encryption keys of this run."""
    folder: Path = tmp_path_factory.mktemp("keys") / "epochs"
    KeyEncryptionKeys.create_epoch(folder, 1)
    return KeyEncryptionKeys.load(folder)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at noon."""
    return ManualClock(NOON)


def _content_keys(engine: AsyncEngine, wrapping: KeyEncryptionKeys, clock: Clock) -> ContentKeys:
    return ContentKeys(engine, CONTENT_KEY_TABLE, wrapping, clock)


@pytest.fixture
async def platform(cluster: Cluster, wrapping: KeyEncryptionKeys, clock: ManualClock) -> AsyncIterator[Platform]:
    """Everything a service writes is undone when the test ends; savepoints stand in for its commits."""
    urls = cluster.worker_urls()
    engine = open_engine(urls.application.sqlalchemy, pool_size=2)
    keys_engine = open_engine(urls.keys.sqlalchemy, pool_size=2)
    keys = _content_keys(keys_engine, wrapping, clock)
    sealer = EventSealer(keys, clock)
    async with rolled_back(engine) as connection:
        sessions = Sessions(engine)
        sessions._open = async_sessionmaker(  # the one place where a test looks inside
            bind=connection, class_=AsyncSession, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        works = Works(sessions, clock, AuditTrail(GOVERNANCE, sealer), keys)
        yield Platform(urls, engine, sessions, works, keys, sealer, clock)
    await engine.dispose()
    await keys_engine.dispose()


@pytest.fixture
async def fresh_platform(cluster: Cluster, wrapping: KeyEncryptionKeys, clock: ManualClock) -> AsyncIterator[Platform]:
    """A pair of databases of its own, with real commits; for concurrency and crashes."""
    with cluster.fresh() as urls:
        engine = open_engine(urls.application.sqlalchemy, pool_size=10)
        keys_engine = open_engine(urls.keys.sqlalchemy, pool_size=4)
        keys = _content_keys(keys_engine, wrapping, clock)
        sealer = EventSealer(keys, clock)
        sessions = Sessions(engine)
        works = Works(sessions, clock, AuditTrail(GOVERNANCE, sealer), keys)
        yield Platform(urls, engine, sessions, works, keys, sealer, clock)
        await engine.dispose()
        await keys_engine.dispose()
