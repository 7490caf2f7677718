"""Runs migrations as the owner of the tables, on the main database or on the keys database.

Rules: no lock is waited for longer than a few seconds, no statement runs for minutes, and a column is dropped or
renamed only one release after nothing uses it any more.
"""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from api.models import KEYS_METADATA, Base

_MIGRATING = 7_306_002
"""Advisory lock: of several processes that start at once, one migrates and the others find it done."""


def _run(connection: Connection) -> None:
    keys = context.config.attributes["database"] == "keys"
    connection.execute(text("set lock_timeout = '5s'"))
    connection.execute(text("set statement_timeout = '60s'"))
    connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _MIGRATING})
    connection.commit()  # house-rule: not a unit of work, the lock belongs to the session
    context.configure(
        connection=connection,
        target_metadata=KEYS_METADATA if keys else Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
        include_object=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


def _is_ours(_item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """Leave out the queue's tables and the monthly partitions, which no model describes."""
    return not (
        kind == "table" and name and (name.startswith(("procrastinate_", "audit_event_", "audit_sealed_part_")))
    )


async def _migrate() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_migrate())
