"""The months of the log: each table is partitioned by the time of its events, in UTC.

An event of a month without a partition is refused, so months are made well ahead: in production by a function of the
database that the migrations bring, which alone may create tables for the application.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.models import AUDIT_EVENT, AUDIT_SEALED_PART

MONTHS_AHEAD: Final = 3


async def make_partitions(session: AsyncSession, months_ahead: int = MONTHS_AHEAD) -> int:
    """Make the partitions of this month and the coming ones through `audit_make_partitions`; return how many were new.

    Safe to repeat and to run from several processes at once. Commits with the session.
    """
    made = await session.execute(text("select audit_make_partitions(:months)"), {"months": months_ahead})
    return int(made.scalar_one())


def month_statements(day: date) -> tuple[str, ...]:
    """Return the statements by which the owner of the tables makes the month of `day`; for set-up without migrations.

    They grant nothing: the application adds the rights it wants on each partition.
    """
    first = day.replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return tuple(
        f"create table if not exists {partition_name(table, first)} partition of {table} "
        f"for values from ('{first} 00:00:00+00') to ('{following} 00:00:00+00')"
        for table in (AUDIT_EVENT, AUDIT_SEALED_PART)
    )


def partition_name(table: str, day: date) -> str:
    """Return the name of the partition that holds a day."""
    return f"{table}_{day:%Y%m}"
