"""The start-up refusal: no request is served on a database where a promise cannot hold.

One rule: every finding is listed at once, so that an operator repairs them in one go.
"""

from __future__ import annotations

import asyncpg

from api.db.roles import OLDEST_SERVER
from api.db.urls import OWNER, DatabaseUrl, DatabaseUrls

DURABLE_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")
READS, WRITES = ("SELECT",), ("INSERT", "UPDATE", "DELETE", "TRUNCATE")
CHANGES = ("UPDATE", "DELETE", "TRUNCATE")

ROLE_FINDINGS = """
select rolsuper, rolbypassrls,
       pg_has_role(current_user, $1, 'member') as acts_as_owner,
       exists (select from pg_class c where c.relowner = r.oid) as owns_tables
from pg_roles r where rolname = current_user
"""

TABLES_WITH_RIGHT = """
select coalesce(array_agg(c.relname::text order by c.relname), '{}')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
  and has_table_privilege(c.oid, $1)
"""

CHANGEABLE_COLUMNS = """
select coalesce(array_agg(c.relname::text order by c.relname), '{}')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
  and (has_any_column_privilege(c.oid, 'INSERT') or has_any_column_privilege(c.oid, 'UPDATE'))
"""

READABLE_WITHOUT_WALL = """
select coalesce(array_agg(c.relname::text order by c.relname), '{}')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
  and has_any_column_privilege(c.oid, 'SELECT') and not c.relrowsecurity
"""


class UnsafeDatabase(RuntimeError):
    """The database would break a promise; `findings` names each reason. Nothing was served."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("The platform does not start on this database:\n" + "\n".join(f"- {one}" for one in findings))
        self.findings = findings


async def check(urls: DatabaseUrls) -> None:
    """Connect as each serving role and raise `UnsafeDatabase` unless all of them are as powerless as they must be."""
    findings = [
        *await _findings(urls.application, ()),
        *await _findings(urls.audit_writer, (*READS, *CHANGES)),
        *await _findings(urls.officer, WRITES),
        *await _findings(urls.reader, (*READS, *WRITES)),
        *await _wall_findings(urls.reader),
        *await _findings(urls.keys, ()),
    ]
    if findings:
        raise UnsafeDatabase(tuple(dict.fromkeys(findings)))


async def _findings(url: DatabaseUrl, forbidden_rights: tuple[str, ...]) -> list[str]:
    connection = await asyncpg.connect(url.plain)
    try:
        return [
            *await _server_findings(connection, url),
            *await _role_findings(connection, url),
            *await _right_findings(connection, url, forbidden_rights),
        ]
    finally:
        await connection.close()


async def _server_findings(connection: asyncpg.Connection, url: DatabaseUrl) -> list[str]:
    found = []
    if connection.get_server_version().major < OLDEST_SERVER:
        found.append(f"the server is older than PostgreSQL {OLDEST_SERVER}; upgrade it")
    values = await connection.fetch("select name, setting from pg_settings where name = any($1)", DURABLE_SETTINGS)
    lossy = [row["name"] for row in values if row["setting"] == "off"]
    found += [f"{name} is off for {url.user}: acknowledged writes could be lost; set it to on" for name in lossy]
    return found


async def _role_findings(connection: asyncpg.Connection, url: DatabaseUrl) -> list[str]:
    role = await connection.fetchrow(ROLE_FINDINGS, OWNER)
    assert role is not None, "a session has a role"
    reasons = {
        "rolsuper": "is a superuser; alter role … nosuperuser",
        "rolbypassrls": "passes row-level security; alter role … nobypassrls",
        "acts_as_owner": f"is a member of {OWNER}; revoke that",
        "owns_tables": f"owns tables; give them to {OWNER}",
    }
    return [f"{url.user} {reason}" for column, reason in reasons.items() if role[column]]


async def _right_findings(connection: asyncpg.Connection, url: DatabaseUrl, rights: tuple[str, ...]) -> list[str]:
    found = []
    for right in rights:
        tables = await connection.fetchval(TABLES_WITH_RIGHT, right)
        if tables:
            found.append(f"{url.user} holds {right} on {', '.join(tables)}; revoke it")
    return found


async def _wall_findings(url: DatabaseUrl) -> list[str]:
    """Look at what single columns allow, which rights on whole tables do not tell, and that the second wall stands."""
    connection = await asyncpg.connect(url.plain)
    try:
        changeable = await connection.fetchval(CHANGEABLE_COLUMNS)
        open_tables = await connection.fetchval(READABLE_WITHOUT_WALL)
    finally:
        await connection.close()
    found = []
    if changeable:
        found.append(f"{url.user} may write columns of {', '.join(changeable)}; revoke it")
    if open_tables:
        found.append(f"{url.user} reads {', '.join(open_tables)} without row-level security; enable it on the table")
    return found
