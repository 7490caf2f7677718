"""Months are made ahead by the application's own role, which has no other way to create a table."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from governance.audit.partitions import make_partitions, month_statements, partition_name
from tests.integration.conftest import Platform
from tests.integration.governance.support import as_owner

RIGHTS = """
select grantee, privilege_type from information_schema.table_privileges
where table_name = $1 and grantee in ('sslm_app', 'sslm_audit', 'sslm_officer', 'PUBLIC')
"""


async def test_coming_months_are_made_once_with_the_rights_of_their_parent(fresh_platform: Platform) -> None:
    async with fresh_platform.sessions.write() as session:
        assert await make_partitions(session, 24) > 0
    async with fresh_platform.sessions.write() as session:
        assert await make_partitions(session, 24) == 0
    async with as_owner(fresh_platform) as owner:
        parts = await owner.fetch(
            "select inhrelid::regclass::text name from pg_inherits where inhparent = 'audit_event'::regclass"
        )
        assert len(parts) == 25
        for part in parts:
            rights = {(row["grantee"], row["privilege_type"]) for row in await owner.fetch(RIGHTS, part["name"])}
            assert rights == {
                ("sslm_app", "INSERT"),
                ("sslm_app", "SELECT"),
                ("sslm_audit", "INSERT"),
                ("sslm_officer", "SELECT"),
            }


async def test_the_application_cannot_make_tables_itself(fresh_platform: Platform) -> None:
    connection = await asyncpg.connect(fresh_platform.urls.application.plain)
    try:
        for statement in month_statements(date(2040, 12, 31)):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_the_owner_can_make_any_month(fresh_platform: Platform) -> None:
    async with as_owner(fresh_platform) as owner:
        for _ in range(2):
            for statement in month_statements(date(2040, 12, 31)):
                await owner.execute(statement)
        bounds = await owner.fetchval(
            "select pg_get_expr(relpartbound, oid) from pg_class where relname = $1",
            partition_name("audit_event", date(2040, 12, 1)),
        )
    assert bounds == "FOR VALUES FROM ('2040-12-01 00:00:00+00') TO ('2041-01-01 00:00:00+00')"
