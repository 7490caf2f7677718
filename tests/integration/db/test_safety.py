"""The platform refuses to start where the database could break a promise, and says all of the reasons."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.db.safety import UnsafeDatabase, check
from api.db.urls import DatabaseUrls


@pytest.fixture(scope="module")
def superuser_url(own_server_url: str) -> str:
    return own_server_url


@pytest.fixture
async def restored(superuser: asyncpg.Connection) -> AsyncIterator[None]:
    """Take back what a test gives the roles and the server."""
    yield
    await superuser.execute("alter role sslm_app nosuperuser nobypassrls")
    await superuser.execute("alter role sslm_reader nobypassrls")
    await superuser.execute("revoke sslm_owner from sslm_app, sslm_reader")
    await superuser.execute("alter role sslm_app set synchronous_commit = on")
    await superuser.execute("alter system reset all")
    await superuser.execute("select pg_reload_conf()")


async def test_prepared_roles_are_accepted(prepared: DatabaseUrls) -> None:
    await check(prepared)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("alter role sslm_app superuser", "superuser"),
        ("alter role sslm_app bypassrls", "row-level security"),
        ("alter role sslm_reader bypassrls", "sslm_reader passes row-level security"),
        ("grant sslm_owner to sslm_reader", "sslm_reader is a member of sslm_owner"),
        ("grant sslm_owner to sslm_app", "member of sslm_owner"),
        ("alter role sslm_app set synchronous_commit = off", "synchronous_commit is off"),
        ("alter system set fsync = off", "fsync is off"),
        ("alter system set full_page_writes = off", "full_page_writes is off"),
    ],
)
@pytest.mark.usefixtures("restored")
async def test_a_spoiled_role_is_refused(
    prepared: DatabaseUrls, superuser: asyncpg.Connection, spoil: str, reason: str
) -> None:
    await superuser.execute(spoil)
    await superuser.execute("select pg_reload_conf(), pg_sleep(0.2)")
    with pytest.raises(UnsafeDatabase, match=reason):
        await check(prepared)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("alter table note owner to sslm_app", "sslm_app owns tables"),
        ("grant select on log_entry to sslm_audit", "sslm_audit holds SELECT on log_entry"),
        ("grant delete on note to sslm_audit", "sslm_audit holds DELETE on note"),
        ("grant update on log_entry to sslm_officer", "sslm_officer holds UPDATE on log_entry"),
        ("grant select on note to sslm_reader", "sslm_reader holds SELECT on note"),
        ("grant select (id) on note to sslm_reader", "sslm_reader reads note without row-level security"),
        ("grant update (text) on note to sslm_reader", "sslm_reader may write columns of note"),
    ],
)
async def test_a_spoiled_table_is_refused(prepared: DatabaseUrls, superuser_url: str, spoil: str, reason: str) -> None:
    server = await asyncpg.connect(superuser_url, database=prepared.owner.database)
    await server.execute(spoil)
    await server.close()
    with pytest.raises(UnsafeDatabase, match=reason):
        await check(prepared)


async def test_all_reasons_are_told_at_once(prepared: DatabaseUrls, superuser_url: str) -> None:
    server = await asyncpg.connect(superuser_url, database=prepared.owner.database)
    await server.execute("grant select, update on log_entry to sslm_audit, sslm_officer")
    await server.close()
    with pytest.raises(UnsafeDatabase) as caught:
        await check(prepared)
    assert len(caught.value.findings) == 3
