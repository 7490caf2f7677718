"""The second wall: as the reader role, on the real schema, with and without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from api.db.row_security import behind_wall
from api.db.urls import DatabaseUrl
from api.graphql.schema import schema
from api.models import Base
from governance.graphql import exposures
from governance.tags import Access, PersonalData, is_key, tag_of
from tests.integration.walls.conftest import everywhere
from tests.support.platform import Site
from tests.support.tenants import Tenant

READABLE = """
select table_name, column_name from information_schema.column_privileges
where grantee in ('sslm_reader', 'PUBLIC') and table_schema = 'public' and privilege_type = 'SELECT'
"""
NOT_COMPILED = {"audit_event", "recipient", "invitation"}
"""Shown by officers' role or from the application's, never by a compiled statement."""
COMPARED = {
    "data_subject.pseudonym",
    "account.closed_at",
    "certificate_name.name",
    "session.revoked_at",
    "acknowledgement.kind",
    "acknowledgement.version",
}
"""Neither shown nor keys: whom an answer is about, and what predicates compare."""


@asynccontextmanager
async def connected(url: DatabaseUrl) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.plain)
    try:
        yield connection
    finally:
        await connection.close()


async def readable_columns(site: Site) -> dict[str, set[str]]:
    async with connected(site.core.urls.reader) as reader:
        rows = await reader.fetch(READABLE)
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], set()).add(row["column_name"])
    return found


def shown_columns() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for exposure in exposures(schema).values():
        for column in exposure.columns:
            found.setdefault(column.table.name, set()).add(column.name)
    return {table: columns for table, columns in found.items() if table not in NOT_COMPILED}


async def test_every_governed_table_has_a_wall(shop: Site) -> None:
    """Fails for a table of a later migration until that migration calls `api/db/row_security.py`."""
    governed = {
        table.name
        for table in Base.metadata.tables.values()
        if any(isinstance(tag_of(column), PersonalData) for column in table.columns)
    }
    async with connected(shop.core.urls.owner) as owner:
        rows = await owner.fetch(
            "select c.relname::text as name, c.relforcerowsecurity as forced from pg_class c "
            "where c.relnamespace = 'public'::regnamespace and c.relrowsecurity "
            "and exists (select from pg_policy p where p.polrelid = c.oid)"
        )
    assert governed <= {row["name"] for row in rows}
    assert not any(row["forced"] for row in rows)


async def test_the_reader_reads_what_the_schema_shows_and_no_secret(shop: Site) -> None:
    readable, shown = await readable_columns(shop), shown_columns()
    assert {f"{table}.{name}" for table in shown for name in shown[table] - readable.get(table, set())} == set()
    for table, names in readable.items():
        for name in names - shown.get(table, set()):
            column = Base.metadata.tables[table].columns[name]
            assert is_key(column) or f"{table}.{name}" in COMPARED, f"{column} is readable, but nothing shows it"
            tag = tag_of(column)
            assert not (isinstance(tag, PersonalData) and tag.access is not Access.SHOWN), f"{column} is a secret"


async def test_no_hash_and_nothing_sealed_is_readable(shop: Site) -> None:
    readable = await readable_columns(shop)
    for table in Base.metadata.tables.values():
        for column in table.columns:
            tag = tag_of(column)
            secret = "hash" in column.name or "secret" in column.name or column.name == "email_key"
            sealed = isinstance(tag, PersonalData) and (tag.sealed or tag.category == "user.authorization.password")
            if secret or sealed:
                assert column.name not in readable.get(table.name, set()), f"{column} is readable"
    async with connected(shop.core.urls.reader) as reader:
        for statement in (
            "select password_hash from account",
            "select * from account",
            "select secret_hash from session",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.fetch(statement)


async def test_the_reader_changes_nothing_even_when_it_may_write(shop: Site) -> None:
    async with connected(shop.core.urls.reader) as reader:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reader.execute("update domain set name = name")
        await reader.execute("set default_transaction_read_only = off")
        for statement in ("update domain set name = name", "delete from domain", "set role sslm_app"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.execute(statement)


def rows_of(table: str, columns: set[str]) -> str:
    """Ask for all rows of a table, without any predicate: what a compiler would do that forgot the account."""
    fields = ", ".join(f"'{name}', {name}" for name in sorted(columns))
    return f"select coalesce(json_agg(json_build_object({fields}))::text, '') from {table}"  # noqa: S608 - our own tables


def count_of(table: str) -> str:
    return f"select count(*) from {table}"  # noqa: S608 - our own tables


async def test_nobody_named_nothing_seen(shop: Site, alice: Tenant) -> None:
    async with connected(shop.core.urls.reader) as reader:
        for table, columns in (await readable_columns(shop)).items():
            query = rows_of(table, columns)
            assert await reader.fetchval(query) == "", table
            assert await reader.fetchval(behind_wall(query), None, None) == "", table


async def test_each_viewer_sees_their_own_rows_and_no_others(shop: Site, alice: Tenant, bob: Tenant) -> None:
    async with connected(shop.core.urls.reader) as reader:
        for table, columns in (await readable_columns(shop)).items():
            query = behind_wall(rows_of(table, columns))
            for own, other in ((alice, bob), (bob, alice)):
                seen = await reader.fetchval(query, own.someone.account_id, own.someone.person.id)
                assert seen, f"{own.canary} sees nothing in {table}"
                assert not tells_of(other, seen), table


def tells_of(tenant: Tenant, text: str) -> bool:
    ids = (str(tenant.someone.account_id), str(tenant.someone.person.id))
    return tenant.shows_in(text) or any(each in text for each in ids)


async def test_the_names_end_with_the_statement(shop: Site, alice: Tenant) -> None:
    async with connected(shop.core.urls.reader) as reader:
        query = "select count(*)::text from domain"
        assert await reader.fetchval(behind_wall(query), alice.someone.account_id, None) == "1"
        assert await reader.fetchval(query) == "0"
        assert await reader.fetchval("select current_setting('sslm.account', true)") in {"", None}


async def test_no_wrong_viewer_under_concurrent_generic_plans(shop: Site, alice: Tenant, bob: Tenant) -> None:
    """One prepared statement on each of several connections, the viewers taking turns."""
    query = behind_wall("select string_agg(name, ',') from domain")
    expected = {one.someone.account_id: f"{one.canary}.example.org" for one in (alice, bob)} | {None: None}

    async def ask(connection: asyncpg.Connection, shift: int) -> list[Any]:
        statement = await connection.prepare(query)
        turns = [list(expected)[(shift + turn) % 3] for turn in range(150)]
        answers = [(await statement.fetchval(viewer, None), expected[viewer]) for viewer in turns]
        assert await connection.fetchval("select max(generic_plans) from pg_prepared_statements") == 150
        return answers

    connections = [await asyncpg.connect(shop.core.urls.reader.plain) for _ in range(8)]
    try:
        answers = await asyncio.gather(*(ask(connection, shift) for shift, connection in enumerate(connections)))
    finally:
        for connection in connections:
            await connection.close()
    assert all(found == wanted for each in answers for found, wanted in each)


async def test_who_is_not_held_back(shop: Site, alice: Tenant, bob: Tenant) -> None:
    """Services and workers act across accounts, migrations and dumps see all; each for a stated reason."""
    query = "select count(distinct account_id) from domain"
    for url in (shop.core.urls.application, shop.core.urls.owner):
        async with connected(url) as connection:
            assert await connection.fetchval(query) == 2
    async with connected(shop.core.urls.application) as application:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute("alter table domain disable row level security")


async def test_the_wall_is_real(own_site: Site) -> None:
    """A statement that lost its tenant predicate finds no foreign row with the wall, and finds all of them without."""
    alice, bob = await everywhere(own_site, "canaryalice"), await everywhere(own_site, "canarybob")
    tables = await readable_columns(own_site)
    viewer = (alice.someone.account_id, alice.someone.person.id)
    async with connected(own_site.core.urls.reader) as reader, connected(own_site.core.urls.owner) as owner:
        for table, columns in tables.items():
            mutant, count = behind_wall(rows_of(table, columns)), behind_wall(count_of(table))
            assert not tells_of(bob, await reader.fetchval(mutant, *viewer))
            own = await reader.fetchval(count, *viewer)
            await owner.execute(f"alter table {table} disable row level security")
            assert await reader.fetchval(count, *viewer) > own > 0, table
            found = await reader.fetchval(mutant, *viewer)
            assert tells_of(bob, found) or table == "revocation"
            await owner.execute(f"alter table {table} enable row level security")


async def test_the_wall_of_a_child_does_not_lean_on_its_parents(own_site: Site) -> None:
    alice = await everywhere(own_site, "canaryalice")
    bob = await everywhere(own_site, "canarybob")
    viewer = (alice.someone.account_id, alice.someone.person.id)
    tables = await readable_columns(own_site)
    async with connected(own_site.core.urls.reader) as reader, connected(own_site.core.urls.owner) as owner:
        for parent in ("domain", "agent", "certificate", "certificate_order"):
            await owner.execute(f"alter table {parent} disable row level security")
        for child in ("domain_validation", "installation", "order_authorization", "order_challenge"):
            assert not tells_of(bob, await reader.fetchval(behind_wall(rows_of(child, tables[child])), *viewer))
