"""The live databases hold what the tagged tables say and nothing else: an unlisted table or column fails here."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import MetaData

from api.models import KEYS_METADATA, Base
from tests.integration.conftest import Platform

pytestmark = pytest.mark.clause("X-1")

COLUMNS = """
select c.relname || '.' || a.attname as name, a.attnotnull as required
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
  and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and a.attnum > 0 and not a.attisdropped
"""
REFERENCES = """
select conrelid::regclass::text || ' > ' || confrelid::regclass::text
       || case confdeltype when 'c' then ' cascade' when 'n' then ' set null' else '' end as name
from pg_constraint where contype = 'f' and conparentid = 0
"""
# The queue's own tables hold ids and words from lists; `alembic_version` holds the number of a migration.
NOT_OURS = ("procrastinate_", "alembic_version")


def ours(rows: list[asyncpg.Record]) -> set[str]:
    return {row["name"] for row in rows if not row["name"].startswith(NOT_OURS)}


def columns_of(metadata: MetaData) -> dict[str, bool]:
    return {
        f"{table.name}.{column.name}": not column.nullable
        for table in metadata.tables.values()
        for column in table.columns
    }


@pytest.mark.parametrize("metadata", [Base.metadata, KEYS_METADATA], ids=["main", "keys"])
async def test_every_live_column_is_tagged_and_every_tagged_column_is_live(
    fresh_platform: Platform, metadata: MetaData
) -> None:
    urls = fresh_platform.urls
    connection = await asyncpg.connect((urls.owner if metadata is Base.metadata else urls.keys_owner).plain)
    try:
        rows = [row for row in await connection.fetch(COLUMNS) if not row["name"].startswith(NOT_OURS)]
    finally:
        await connection.close()
    live = {row["name"]: row["required"] for row in rows}
    assert live == columns_of(metadata)


async def test_every_live_reference_is_one_the_catalogue_walks(fresh_platform: Platform) -> None:
    connection = await asyncpg.connect(fresh_platform.urls.owner.plain)
    try:
        live = ours(await connection.fetch(REFERENCES))
    finally:
        await connection.close()
    known = {
        f"{table.name} > {key.column.table.name}" + (f" {key.ondelete.lower()}" if key.ondelete else "")
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
    }
    assert live == known
