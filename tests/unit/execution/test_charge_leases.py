"""However many processes hold slices of a bucket, together they admit what it holds and restores, and their slices."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from api.execution.charge_leases import SLICES, LeasedCharges
from api.execution.charges import SECOND, Balance, Caller, CallerKind, ProcessCharges, Quota, moment
from governance.clock import ManualClock

START = datetime(2026, 11, 23, tzinfo=UTC)
ALICE = Caller(CallerKind.HOLDER, b"alice")


class Slow(ProcessCharges):
    """A shared bucket that lets others run before and after each answer, and counts how often it is asked."""

    asked = 0

    async def take(self, caller: Caller, cost: int) -> Balance:
        self.asked += 1
        await asyncio.sleep(0)
        balance = await super().take(caller, cost)
        await asyncio.sleep(0)
        return balance

    async def give_back(self, caller: Caller, cost: int) -> Balance:
        self.asked += 1
        await asyncio.sleep(0)
        return await super().give_back(caller, cost)


def fleet(quota: Quota, number: int, clock: ManualClock) -> tuple[Slow, list[LeasedCharges]]:
    quotas = dict.fromkeys(CallerKind, quota)
    shared = Slow(quotas, clock)
    return shared, [LeasedCharges(shared, quotas, clock) for _ in range(number)]


STEP = some.tuples(
    some.lists(some.tuples(some.integers(0, 4), some.integers(1, 900), some.floats(0, 1)), min_size=1, max_size=8),
    some.integers(0, 2 * SECOND),
)


@settings(deadline=None)
@given(
    some.builds(Quota, some.integers(1, 3_000), some.integers(1, 2_000)),
    some.integers(1, 5),
    some.lists(STEP, max_size=15),
)
def test_a_fleet_never_admits_beyond_its_bound(
    quota: Quota, number: int, steps: list[tuple[list[tuple[int, int, float]], int]]
) -> None:
    """Processes take and give back at the same time, in bursts; every stretch of time is looked at."""
    clock = ManualClock(START)
    log: list[tuple[int, int]] = []

    async def operation(charges: LeasedCharges, points: int, used: float) -> None:
        balance = await charges.take(ALICE, points)
        assert 0 <= balance.remaining <= quota.capacity
        if balance.wait is not None:
            return
        log.append((moment(clock.now()), points))
        refund = points - int(points * used)
        if refund:
            await charges.give_back(ALICE, refund)
            log.append((moment(clock.now()), -refund))

    async def all_of_it() -> None:
        _, processes = fleet(quota, number, clock)
        for burst, pause in steps:
            await asyncio.gather(*(operation(processes[p % number], points, used) for p, points, used in burst))
            clock.advance(timedelta(microseconds=pause))

    asyncio.run(all_of_it())
    held = number * 2 * (quota.capacity // SLICES)
    for i, (begun, _) in enumerate(log):
        spent = 0
        for at, points in log[i:]:
            spent += points
            whole = quota.capacity * SECOND + quota.restore * (at - begun + 1)
            assert spent * SECOND <= whole + (held if i else 0) * SECOND


async def test_most_charges_go_nowhere() -> None:
    shared, (process,) = fleet(Quota(20_000, 1_000), 1, ManualClock(START))
    for _ in range(100):
        assert (await process.take(ALICE, 10)).wait is None
        assert (await process.take(ALICE, 92)).wait is None
        balance = await process.give_back(ALICE, 98)
    assert balance.remaining == 20_000 - 400
    assert shared.asked <= 10


async def test_refunds_beyond_two_slices_are_there_for_everybody() -> None:
    _, (first, second) = fleet(Quota(1_000, 1), 2, ManualClock(START))
    await first.take(ALICE, 900)
    assert (await first.give_back(ALICE, 900)).remaining == 1_000
    assert (await second.take(ALICE, 991)).wait is not None
    assert (await second.take(ALICE, 990)).wait is None


async def test_what_is_held_is_spent_to_the_last_point() -> None:
    clock = ManualClock(START)
    _, (process,) = fleet(Quota(1_000, 10), 1, clock)
    assert (await process.take(ALICE, 900)).remaining == 100
    assert (await process.take(ALICE, 95)).remaining == 5
    refused = await process.take(ALICE, 6)
    assert (refused.remaining, refused.wait) == (5, SECOND // 10)
    clock.advance(timedelta(microseconds=SECOND // 10))
    assert (await process.take(ALICE, 6)).wait is None


async def test_two_operations_at_once_do_not_spend_the_same_slice() -> None:
    _, (process,) = fleet(Quota(1_000, 1), 1, ManualClock(START))
    await process.take(ALICE, 990)
    balances = await asyncio.gather(*(process.take(ALICE, 6) for _ in range(4)))
    assert [balance.wait is None for balance in balances].count(True) == 1


async def test_a_bucket_that_is_away_loses_nothing_that_was_held() -> None:
    class Away(Slow):
        async def take(self, caller: Caller, cost: int) -> Balance:
            if self.asked:
                raise ConnectionResetError
            return await super().take(caller, cost)

    quotas = dict.fromkeys(CallerKind, Quota(1_000, 1))
    process = LeasedCharges(Away(quotas, ManualClock(START)), quotas, ManualClock(START))
    await process.take(ALICE, 5)
    with pytest.raises(ConnectionResetError):
        await process.take(ALICE, 50)
    assert (await process.take(ALICE, 10)).wait is None


async def test_who_is_forgotten_gets_nothing_for_it() -> None:
    clock = ManualClock(START)
    quotas = dict.fromkeys(CallerKind, Quota(1_000, 1))
    shared = Slow(quotas, clock)
    process = LeasedCharges(shared, quotas, clock, most=2)
    await process.take(ALICE, 700)
    for name in (b"bob", b"carol", b"dave"):
        await process.take(Caller(CallerKind.HOLDER, name), 1)
    assert len(process._leases) == 2
    assert (await process.take(ALICE, 300)).wait is not None
    assert (await process.take(ALICE, 200)).wait is None
