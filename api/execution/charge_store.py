"""Buckets in PostgreSQL, shared by every process: each charge is one statement, decided under the row's own lock.

The rule: the arithmetic is `Quota`'s, said once more in SQL; a test compares them. The table is unlogged, so a charge
never waits for the disk, and each statement is a transaction of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import DateTime, Interval, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.execution.charges import DISBELIEVED, Balance, Caller, Quotas, moment
from governance.clock import Clock

_BELIEVED: Final = "case when charge.full_at > :now + :disbelieved then :now else greatest(charge.full_at, :now) end"
_TAKE: Final = text(
    f"""
    insert into charge (bucket, full_at) values (:bucket, :now + :price)
    on conflict (bucket) do update set full_at = {_BELIEVED} + :price
    where {_BELIEVED} + :price <= :now + :capacity
    returning full_at
    """  # noqa: S608 - a constant of this file
).bindparams(
    bindparam("now", type_=DateTime(timezone=True)),
    *(bindparam(name, type_=Interval) for name in ("price", "capacity", "disbelieved")),
)
_GIVE_BACK: Final = text(
    "update charge set full_at = full_at - :price where bucket = :bucket returning full_at"
).bindparams(bindparam("price", type_=Interval))
_READ: Final = text("select full_at from charge where bucket = :bucket")


class DatabaseCharges:
    """Buckets that all processes share."""

    def __init__(self, quotas: Quotas, clock: Clock, engine: AsyncEngine) -> None:
        self._quotas = quotas
        self._clock = clock
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def take(self, caller: Caller, cost: int) -> Balance:
        """Charge a cost, or change nothing and say how long to wait."""
        quota, now = self._quotas[caller.kind], self._clock.now()
        price = quota.price(cost)
        values = {
            "bucket": caller.bucket,
            "now": now,
            "price": _span(price),
            "capacity": _span(quota.window),
            "disbelieved": _span(quota.window + DISBELIEVED),
        }
        async with self._engine.connect() as connection:
            if price <= quota.window:
                full_at = await connection.scalar(_TAKE, values)
                if full_at is not None:
                    return quota.balance(moment(full_at), moment(now))
            found = await connection.scalar(_READ, {"bucket": caller.bucket})
        before = moment(found) if found is not None else 0
        return quota.refused(before, cost, moment(now))

    async def give_back(self, caller: Caller, cost: int) -> Balance | None:
        """Return part of a charge."""
        quota, now = self._quotas[caller.kind], self._clock.now()
        values = {"bucket": caller.bucket, "price": _span(quota.refund(cost))}
        async with self._engine.connect() as connection:
            full_at = await connection.scalar(_GIVE_BACK, values)
        return quota.balance(moment(full_at), moment(now)) if full_at is not None else None


def _span(microseconds: int) -> timedelta:
    return timedelta(microseconds=microseconds)
