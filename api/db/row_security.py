"""Row-level security: the second wall, behind the account that stands in every statement.

A migration runs the statements listed here for each table it makes. The rules: the reader sees the rows of the one
account and the one person that its own statement names, and none where it names nobody; the application sees every row,
because services and workers act across accounts and carry their own predicate.

The owner is not held back (no FORCE): it serves nothing, a migration and a dump must see every row, and whoever may
switch a wall off is not kept by it.
"""

from __future__ import annotations

from typing import Final

from api.db.urls import APPLICATION, AUDIT_WRITER, OFFICER, READER

ACCOUNT_SETTING: Final = "sslm.account"
PERSON_SETTING: Final = "sslm.person"


def _named(setting: str) -> str:
    """Read a setting once for a whole statement; unset and empty are null, which equals no row's owner."""
    return f"(select nullif(current_setting('{setting}', true), '')::uuid)"


ACCOUNT: Final = _named(ACCOUNT_SETTING)
PERSON: Final = _named(PERSON_SETTING)


def tenant_policies(table: str, *, by: str) -> tuple[str, ...]:
    """List the statements for a table whose column `by` names the account."""
    return (*application_policies(table), _reader_policy(table, f"{by} = {ACCOUNT}"))


def person_policies(table: str, *, by: str) -> tuple[str, ...]:
    """List the statements for a table whose column `by` names the person."""
    return (*application_policies(table), _reader_policy(table, f"{by} = {PERSON}"))


def child_policies(table: str, *, by: str, parent: str, parent_by: str = "account_id") -> tuple[str, ...]:
    """List the statements for a table whose column `by` names a row of `parent`, which names the account.

    The reader needs the right to read `id` and `parent_by` of the parent.
    """
    owned = f"exists (select from {parent} where {parent}.id = {table}.{by} and {parent}.{parent_by} = {ACCOUNT})"
    return (*application_policies(table), _reader_policy(table, owned))


def application_policies(table: str) -> tuple[str, ...]:
    """List the statements for a table that the application alone may use."""
    return (
        f"alter table {table} enable row level security",
        f"create policy application on {table} to {APPLICATION} using (true) with check (true)",
    )


def audit_policies(table: str) -> tuple[str, ...]:
    """List the statements for a table of the audit log, along the rights of `audit_grants`."""
    return (
        f"alter table {table} enable row level security",
        f"create policy reads on {table} for select to {APPLICATION}, {OFFICER} using (true)",
        f"create policy appends on {table} for insert to {APPLICATION}, {AUDIT_WRITER} with check (true)",
    )


def _reader_policy(table: str, owned: str) -> str:
    return f"create policy own_rows on {table} for select to {READER} using ({owned})"


def reader_grants(table: str, *columns: str) -> tuple[str, ...]:
    """List the statement that lets the reader read these columns and no others; later migrations add to them.

    Name what the schema shows, keys, and what predicates of compiled statements compare; never a secret.
    """
    return (f"grant select ({', '.join(columns)}) on table {table} to {READER}",)


def behind_wall(query: str, *, account: str = "$1", person: str = "$2") -> str:
    """Return a statement that names the viewer and answers `query`, one value, in one round trip.

    The names hold until the statement's transaction ends. CASE evaluates in order, and `query`, being a subquery that
    refers to nothing outside, is run only when its branch is reached. `account` and `person` are parameters (UUID, or
    null for nobody).
    """
    named = [
        f"set_config('{setting}', coalesce({value}::uuid::text, ''), true) is not null"
        for setting, value in ((ACCOUNT_SETTING, account), (PERSON_SETTING, person))
    ]
    return f"select case when {' and '.join(named)} then ({query}) end"
