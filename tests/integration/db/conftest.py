from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from api.db import embedded
from api.db.roles import audit_grants, prepare
from api.db.urls import DatabaseUrls, derive_urls
from tests.support.database import RUN, RUN_FOLDERS, running_server


@pytest.fixture(scope="session")
def superuser_url() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture(scope="module")
def own_server_url() -> Iterator[str]:
    """A server no other test sees, for tests that spoil what belongs to the whole server."""
    RUN_FOLDERS.mkdir(mode=0o755, exist_ok=True)
    with embedded.start(RUN_FOLDERS / f"{RUN}-{uuid.uuid4().hex[:8]}") as server:
        yield server.superuser_url


@pytest.fixture
async def superuser(superuser_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def prepared(superuser_url: str, superuser: asyncpg.Connection) -> AsyncIterator[DatabaseUrls]:
    """A new pair of databases with an ordinary table, an append-only one and a sequence, all of the owner's."""
    urls = derive_urls(superuser_url, database=f"sslm_test_roles_{uuid.uuid4().hex[:8]}")
    await prepare(superuser_url, urls)
    owner = await asyncpg.connect(urls.owner.plain)
    await owner.execute("create table note (id int generated always as identity primary key, text text not null)")
    await owner.execute("create table log_entry (id int generated always as identity, text text not null)")
    await owner.execute("create function answer() returns int language sql as 'select 42'")
    for statement in audit_grants("log_entry"):
        await owner.execute(statement)
    await owner.close()
    yield urls
    for database in (urls.owner.database, urls.keys_owner.database):
        await superuser.execute(f"drop database {database} with (force)")
