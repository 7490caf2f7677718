"""Buckets in PostgreSQL: as the arithmetic says, one after the other however many ask at once, never on the disk."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import asyncpg
import pytest

from api.db.engine import open_engine
from api.execution.charge_store import DatabaseCharges
from api.execution.charges import Caller, CallerKind, ProcessCharges, Quota, moment
from governance.clock import ManualClock
from tests.integration.conftest import NOON, Platform

QUOTA = Quota(1_000, 100)
QUOTAS = dict.fromkeys(CallerKind, QUOTA)
ALICE = Caller(CallerKind.HOLDER, b"a" * 32)
BOB = Caller(CallerKind.HOLDER, b"b" * 32)


def store(platform: Platform, clock: ManualClock | None = None) -> DatabaseCharges:
    return DatabaseCharges(QUOTAS, clock or platform.clock, platform.engine)


async def test_it_says_what_the_arithmetic_says(fresh_platform: Platform) -> None:
    """The same charges, refunds and pauses, in the process and in the table; whoever changes one sees it here."""
    chance, clock = random.Random(7), ManualClock(NOON)  # noqa: S311 - a test's own dice
    stored, kept = store(fresh_platform, clock), ProcessCharges(QUOTAS, clock)
    for _ in range(300):
        caller, points = chance.choice((ALICE, BOB)), chance.randrange(1, 400)
        if chance.random() < 0.7:
            assert await stored.take(caller, points) == await kept.take(caller, points)
        elif moment(clock.now()) > moment(NOON):
            returned = await stored.give_back(caller, points)
            assert returned in {None, await kept.give_back(caller, points)}
        clock.advance(timedelta(microseconds=chance.randrange(3_000_000)))


async def test_a_clock_that_was_set_back_shuts_nobody_out(fresh_platform: Platform) -> None:
    clock = ManualClock(NOON)
    charges = store(fresh_platform, clock)
    assert (await charges.take(ALICE, 1_000)).remaining == 0
    clock.advance(timedelta(days=-1))
    assert (await charges.take(ALICE, 400)).remaining == 600


async def test_what_never_fits_writes_nothing(fresh_platform: Platform) -> None:
    balance = await store(fresh_platform).take(ALICE, 1_001)
    assert balance.wait is not None
    assert await rows(fresh_platform) == 0


@pytest.mark.parametrize("pools", [1, 4])
async def test_however_many_ask_at_once_no_more_is_admitted(fresh_platform: Platform, pools: int) -> None:
    """Several processes are several pools of connections; the row's lock is what they share."""
    engines = [open_engine(fresh_platform.urls.application.sqlalchemy, pool_size=5) for _ in range(pools)]
    stores = [DatabaseCharges(QUOTAS, fresh_platform.clock, engine) for engine in engines]
    balances = await asyncio.gather(*(stores[n % pools].take(ALICE, 30) for n in range(120)))
    for engine in engines:
        await engine.dispose()
    admitted = [balance for balance in balances if balance.wait is None]
    assert len(admitted) == 33
    assert {balance.remaining for balance in balances if balance.wait is not None} == {10}
    assert sorted(balance.remaining for balance in admitted) == [10 + 30 * n for n in range(33)]


async def test_a_refund_is_there_for_the_next_process(fresh_platform: Platform) -> None:
    first, second = store(fresh_platform), store(fresh_platform)
    assert (await first.take(ALICE, 1_000)).remaining == 0
    assert (await second.take(ALICE, 500)).wait == 5_000_000
    returned = await first.give_back(ALICE, 600)
    assert returned is not None
    assert returned.remaining == 600
    assert (await second.take(ALICE, 500)).remaining == 100


async def test_nothing_of_it_waits_for_the_disk(fresh_platform: Platform) -> None:
    connection = await asyncpg.connect(fresh_platform.urls.owner.plain)
    try:
        assert await connection.fetchval("select relpersistence = 'u' from pg_class where relname = 'charge'")
    finally:
        await connection.close()


async def rows(platform: Platform) -> int:
    connection = await asyncpg.connect(platform.urls.owner.plain)
    try:
        return int(await connection.fetchval("select count(*) from charge"))
    finally:
        await connection.close()
