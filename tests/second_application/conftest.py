"""The library's own pair of databases, made by their owner from the tables alone."""

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from governance.audit.partitions import month_statements
from governance.audit.seal import EventSealer
from governance.clock import ManualClock
from governance.keys import ContentKeys, KeyEncryptionKeys
from tests.second_application.library import Library
from tests.second_application.tables import CONTENT_KEYS, KEYS_METADATA, Base
from tests.support.database import running_server

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def superuser_url() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture
async def library(superuser_url: str, tmp_path: Path) -> AsyncIterator[Library]:
    names = [f"library_{uuid.uuid4().hex[:8]}{suffix}" for suffix in ("", "_keys")]
    server = await asyncpg.connect(superuser_url)
    for name in names:
        await server.execute(f"create database {name}")

    def connect_to(name: str) -> "asyncpg.connection.Connection":
        return asyncpg.connect(superuser_url, database=name)

    engine, keys_engine = (
        create_async_engine("postgresql+asyncpg://", async_creator=lambda name=name: connect_to(name)) for name in names
    )
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        for statement in month_statements(NOON.date()):
            await connection.execute(text(statement))
    async with keys_engine.begin() as connection:
        await connection.run_sync(KEYS_METADATA.create_all)
    clock = ManualClock(NOON)
    KeyEncryptionKeys.create_epoch(tmp_path, 1)
    keys = ContentKeys(keys_engine, CONTENT_KEYS, KeyEncryptionKeys.load(tmp_path), clock)
    yield Library(engine, keys, EventSealer(keys, clock), clock, lambda: connect_to(names[0]))
    await engine.dispose()
    await keys_engine.dispose()
    for name in names:
        await server.execute(f"drop database {name} with (force)")
    await server.close()
