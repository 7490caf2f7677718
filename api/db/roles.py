"""The database roles: made, given exactly what each may do, and nothing beside.

    sslm_owner    owns the databases and every table; runs migrations; never serves a request
    sslm_app      reads and writes rows; no superuser, cannot pass row-level security, owns nothing
    sslm_audit    INSERT on the audit tables, nothing else
    sslm_officer  SELECT on the audit tables, nothing else, read-only
    sslm_reader   SELECT on the columns that the schema shows, behind row-level security, read-only

One rule: a right is granted here or by a migration through `audit_grants` or `api/db/row_security.py`, nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import asyncpg

from api.db.urls import APPLICATION, AUDIT_WRITER, OFFICER, OWNER, READER, DatabaseUrl, DatabaseUrls

OLDEST_SERVER = 15
FIRST_WITH_BUILTIN_LOCALES = 17
PREPARING = 7_306_001
"""Advisory lock: processes that start at once prepare one after the other."""
SCRAM_ITERATIONS = 4096

ROLE_SETTINGS: dict[str, dict[str, str]] = {
    OWNER: {"search_path": "public", "synchronous_commit": "on", "TimeZone": "UTC"},
    APPLICATION: {
        "search_path": "public",
        "synchronous_commit": "on",
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
        "jit": "off",
        "TimeZone": "UTC",
    },
    AUDIT_WRITER: {
        "search_path": "public",
        "synchronous_commit": "on",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "60s",
        "TimeZone": "UTC",
    },
    OFFICER: {
        "search_path": "public",
        "default_transaction_read_only": "on",
        "statement_timeout": "60s",
        "TimeZone": "UTC",
    },
    READER: {
        "search_path": "public",
        "default_transaction_read_only": "on",
        # Planned once for a connection, whatever the parameters: planning costs more than running.
        "plan_cache_mode": "force_generic_plan",
        "jit": "off",
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "60s",
        "TimeZone": "UTC",
    },
}
"""What a session of each role begins with, whatever else the server's operator tuned."""


async def prepare(superuser_url: str, urls: DatabaseUrls, *, keys_superuser_url: str | None = None) -> None:
    """Make missing roles and databases and set their rights; repeat at will.

    `superuser_url` may name any role that may create roles and databases. Passwords in `urls` are set, as SCRAM
    verifiers: the server and its log never see them. `keys_superuser_url` is needed where the keys live elsewhere.
    """
    main = DatabaseUrl.parse(superuser_url)
    keys = DatabaseUrl.parse(keys_superuser_url) if keys_superuser_url else main
    await _prepare_server(main, (urls.owner, urls.application, urls.audit_writer, urls.officer, urls.reader))
    await _prepare_server(keys, (urls.keys_owner, urls.keys))


def audit_grants(table: str) -> tuple[str, ...]:
    """List the statements by which a migration makes `table` append-only for everybody but its owner.

    The application may write every new table, each new partition too, until these ran for it. The change record joins
    the application's transaction, so the application may INSERT; nobody may UPDATE, DELETE or TRUNCATE.
    """
    return (
        f"revoke all on table {table} from public, {APPLICATION}, {AUDIT_WRITER}, {OFFICER}",
        f"grant select, insert on table {table} to {APPLICATION}",
        f"grant insert on table {table} to {AUDIT_WRITER}",
        f"grant select on table {table} to {OFFICER}",
    )


async def _prepare_server(server: DatabaseUrl, logins: tuple[DatabaseUrl, ...]) -> None:
    """Prepare the roles of `logins`, whose first is the owner, and the one database they all name."""
    database = logins[0].database
    readers = [login.user for login in logins[1:]]
    connection = await asyncpg.connect(server.plain)
    try:
        if connection.get_server_version().major < OLDEST_SERVER:
            raise RuntimeError(f"PostgreSQL {OLDEST_SERVER} or later is needed; nothing was changed on this server.")
        await connection.execute("select pg_advisory_lock($1)", PREPARING)
        for login in logins:
            await _prepare_role(connection, login)
        if not await connection.fetchval("select rolsuper from pg_roles where rolname = current_user"):
            await connection.execute(f"grant {OWNER} to current_user")
        await _prepare_database(connection, database, readers)
        inside = await asyncpg.connect(server.at(database=database).plain)
        try:
            await _prepare_schema(inside, readers)
        finally:
            await inside.close()
    finally:
        await connection.close()


async def _prepare_role(connection: asyncpg.Connection, login: DatabaseUrl) -> None:
    role = login.user
    found = await connection.fetchrow("select rolcanlogin, rolconfig from pg_roles where rolname = $1", role)
    if found is None:
        await connection.execute(f"create role {role} login")
    elif not found["rolcanlogin"]:
        await connection.execute(f"alter role {role} login")
    present = dict(entry.split("=", 1) for entry in (found["rolconfig"] or ())) if found else {}
    for name, value in ROLE_SETTINGS[role].items():
        if present.get(name) != value:
            await connection.execute(f"alter role {role} set {name} = '{value}'")
    if login.password is not None:
        await connection.execute(f"alter role {role} password '{scram_verifier(login.password)}'")


async def _prepare_database(connection: asyncpg.Connection, database: str, readers: list[str]) -> None:
    """Make the database with one collation everywhere: by code point, upper and lower case by Unicode."""
    name = quoted(database)
    if not await connection.fetchval("select true from pg_database where datname = $1", database):
        builtin = connection.get_server_version().major >= FIRST_WITH_BUILTIN_LOCALES
        locale = "locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'" if builtin else "locale 'C.UTF-8'"
        await connection.execute(f"create database {name} owner {OWNER} template template0 encoding 'UTF8' {locale}")
    await connection.execute(f"revoke all on database {name} from public")
    await connection.execute(f"grant connect on database {name} to {', '.join(readers)}")


async def _prepare_schema(connection: asyncpg.Connection, readers: list[str]) -> None:
    """Set the rights inside one database: what the owner makes from now on is for the application, for no one else."""
    defaults = f"alter default privileges for role {OWNER}"
    async with connection.transaction():
        await connection.execute("revoke all on schema public from public")
        await connection.execute(f"grant usage on schema public to {', '.join(readers)}")
        await connection.execute(f"{defaults} revoke execute on functions from public")
        for right in ("select, insert, update, delete on tables", "usage, select on sequences", "execute on functions"):
            await connection.execute(f"{defaults} in schema public grant {right} to {APPLICATION}")


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def scram_verifier(password: str) -> str:
    """Compute what PostgreSQL stores for `password` (RFC 5803), so that the password itself is never sent."""
    if not password.isascii():
        raise ValueError("a database password must be made of ASCII characters")
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    shown = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"
