"""On a server that asks for passwords each role signs in with its own, and with no other's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import asyncpg
import pytest

from api.db import embedded
from api.db.roles import prepare
from api.db.safety import check
from api.db.urls import DatabaseUrl, derive_urls
from tests.support.database import RUN, RUN_FOLDERS


@pytest.fixture
def asking_server() -> Iterator[str]:
    """The address, with a password, of a superuser on a server that asks everybody for one."""
    RUN_FOLDERS.mkdir(mode=0o755, exist_ok=True)
    with embedded.start(RUN_FOLDERS / f"{RUN}-{uuid.uuid4().hex[:8]}") as server:
        yield server.superuser_url
        (server.placement.data / "pg_hba.conf").write_text("local all all trust\n")


async def test_each_role_has_a_password_of_its_own(asking_server: str) -> None:
    superuser = DatabaseUrl.parse(asking_server).at(password="correct horse")
    connection = await asyncpg.connect(asking_server)
    await connection.execute("alter role postgres password 'correct horse'")
    await _ask_for_passwords(connection)
    await connection.close()
    urls = derive_urls(superuser.plain, database="shop")
    await prepare(superuser.plain, urls)
    await check(urls)
    for url in urls.all():
        await (await asyncpg.connect(url.plain)).close()
        for wrong in ("correct horse", str(urls.officer.password) if url != urls.officer else "x"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(url.at(password=wrong).plain)


async def _ask_for_passwords(connection: asyncpg.Connection) -> None:
    """Have the server itself rewrite its access file, which belongs to its own user."""
    file = await connection.fetchval("show hba_file")
    await connection.execute(f"copy (select 'local all all scram-sha-256') to '{file}'")
    await connection.execute("select pg_reload_conf(), pg_sleep(0.2)")
