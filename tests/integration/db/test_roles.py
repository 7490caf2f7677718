"""Each role may do exactly what it is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from api.db.roles import ROLE_SETTINGS, prepare
from api.db.row_security import application_policies
from api.db.urls import APPLICATION, AUDIT_WRITER, OFFICER, READER, DatabaseUrl, DatabaseUrls, derive_urls

Denied = asyncpg.InsufficientPrivilegeError


@asynccontextmanager
async def connected(url: DatabaseUrl) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.plain)
    try:
        yield connection
    finally:
        await connection.close()


async def test_the_application_reads_and_writes_rows(prepared: DatabaseUrls) -> None:
    async with connected(prepared.application) as application:
        await application.execute("insert into note (text) values ('one')")
        await application.execute("update note set text = 'two'")
        assert await application.fetchval("select text from note") == "two"
        assert await application.fetchval("select answer()") == 42
        assert await application.execute("delete from note") == "DELETE 1"


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (id int)",
        "truncate note",
        "drop table note",
        "alter table note add column more text",
        "create temporary table hidden (id int)",
        "create role another",
        "create database another",
        "update log_entry set text = 'changed'",
        "delete from log_entry",
        "truncate log_entry",
        "set role sslm_owner",
    ],
)
async def test_the_application_cannot(prepared: DatabaseUrls, statement: str) -> None:
    async with connected(prepared.application) as application:
        await application.execute("insert into log_entry (text) values ('kept')")
        with pytest.raises(Denied):
            await application.execute(statement)
        assert [row["text"] for row in await application.fetch("select text from log_entry")] == ["kept"]


async def test_the_audit_writer_inserts_and_nothing_else(prepared: DatabaseUrls) -> None:
    async with connected(prepared.audit_writer) as writer:
        await writer.execute("insert into log_entry (text) values ('one')")
        for statement in (
            "select * from log_entry",
            "insert into log_entry (text) values ('two') returning id",
            "update log_entry set text = ''",
            "delete from log_entry",
            "truncate log_entry",
            "select * from note",
            "insert into note (text) values ('')",
            "select answer()",
        ):
            with pytest.raises(Denied):
                await writer.execute(statement)
    async with connected(prepared.officer) as officer:
        assert await officer.fetchval("select count(*) from log_entry") == 1


async def test_the_officer_reads_the_log_and_nothing_else(prepared: DatabaseUrls) -> None:
    async with connected(prepared.officer) as officer:
        assert await officer.fetch("select * from log_entry") == []
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await officer.execute("insert into log_entry (text) values ('')")
        await officer.execute("set default_transaction_read_only = off")
        for statement in ("insert into log_entry (text) values ('')", "select * from note", "delete from log_entry"):
            with pytest.raises(Denied):
                await officer.execute(statement)


async def test_only_the_application_and_the_owner_enter_the_keys_database(prepared: DatabaseUrls) -> None:
    keys = prepared.keys.database
    async with connected(prepared.keys_owner) as owner, connected(prepared.keys) as application:
        await owner.execute("create table content_key (id int)")
        await application.execute("insert into content_key values (1)")
    for url in (prepared.audit_writer, prepared.officer, prepared.reader):
        with pytest.raises(Denied):
            await asyncpg.connect(url.at(database=keys).plain)


async def test_row_level_security_holds_for_the_application(prepared: DatabaseUrls) -> None:
    async with connected(prepared.owner) as owner:
        await owner.execute("insert into note (text) values ('hidden')")
        await owner.execute("alter table note enable row level security")
    async with connected(prepared.application) as application:
        assert await application.fetch("select * from note") == []


@pytest.mark.parametrize("role", [APPLICATION, AUDIT_WRITER, OFFICER, READER])
async def test_sessions_begin_with_the_settings_of_their_role(prepared: DatabaseUrls, role: str) -> None:
    url = next(url for url in prepared.all() if url.user == role)
    async with connected(url) as connection:
        for name, value in ROLE_SETTINGS[role].items():
            shown = await connection.fetchval("select current_setting($1)", name)
            assert shown in {value, {"60s": "1min"}.get(value)}


async def test_preparing_again_changes_nothing_and_keeps_rows(prepared: DatabaseUrls, superuser_url: str) -> None:
    async with connected(prepared.application) as application:
        await application.execute("insert into note (text) values ('kept')")
        await prepare(superuser_url, prepared)
        assert await application.fetchval("select text from note") == "kept"
        with pytest.raises(Denied):
            await application.execute("delete from log_entry")


async def test_collation_is_by_code_point_and_knows_unicode(prepared: DatabaseUrls) -> None:
    async with connected(prepared.application) as application:
        assert await application.fetchval("select array(select unnest('{b,B,ä,a}'::text[]) order by 1)") == list("Babä")
        assert await application.fetchval("select lower('ÄÖÜ')") == "äöü"


async def test_a_role_that_may_only_create_roles_and_databases_can_prepare(
    superuser: asyncpg.Connection, superuser_url: str
) -> None:
    """As on hosted servers, whose customers never are superusers."""
    base = DatabaseUrl.parse(superuser_url)
    first = derive_urls(superuser_url, database="sslm_test_first")
    await prepare(superuser_url, first)
    await superuser.execute("create role sslm_test_host login createdb createrole password 'pass'")
    roles = "sslm_owner, sslm_app, sslm_audit, sslm_officer, sslm_reader"
    await superuser.execute(f"grant {roles} to sslm_test_host with admin option")
    urls = derive_urls(superuser_url, database="sslm_test_hosted")
    try:
        await prepare(base.at(user="sslm_test_host", password="pass").plain, urls)
        async with connected(urls.owner) as owner, connected(urls.application) as application:
            await owner.execute("create table note (id int)")
            for statement in application_policies("note"):
                await owner.execute(statement)
            await application.execute("insert into note values (1)")
        async with connected(base.at(user="sslm_test_host", password="pass", database=urls.owner.database)) as login:
            await login.execute("set row_security = off")  # as pg_dump does: it fails rather than dump a part
            assert await login.fetchval("select count(*) from note") == 1
    finally:
        for url in (urls.owner, urls.keys_owner, first.owner, first.keys_owner):
            await superuser.execute(f"drop database if exists {url.database} with (force)")
        await superuser.execute("drop owned by sslm_test_host")
        await superuser.execute("drop role sslm_test_host")


def _urls_at(base: DatabaseUrl, database: str) -> DatabaseUrls:
    return derive_urls(base.without_password(), database=database)
