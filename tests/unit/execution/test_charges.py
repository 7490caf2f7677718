"""The bucket: what it ever admits is bounded by what it holds and what time restores, whatever is done to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from api.execution.charges import SECOND, Caller, CallerKind, ProcessCharges, Quota, moment, timestamp
from governance.clock import ManualClock

START = datetime(2026, 11, 23, tzinfo=UTC)
NOW = moment(START)
QUOTAS = some.builds(Quota, some.integers(1, 5_000), some.integers(1, 5_000))
STEPS = some.lists(
    some.tuples(
        some.sampled_from(["take", "take", "take", "give_back"]), some.integers(1, 6_000), some.integers(0, 3 * SECOND)
    ),
    max_size=60,
)
ALICE = Caller(CallerKind.HOLDER, b"alice")
STRANGER = Caller(CallerKind.ANONYMOUS, b"network 0")


@settings(deadline=None)
@given(QUOTAS, STEPS)
def test_it_never_admits_more_than_it_holds_and_time_restores(quota: Quota, steps: list[tuple[str, int, int]]) -> None:
    """Over every stretch of time: what was taken, less what was given back of it, fits in capacity + rate x time."""
    full_at, now, log = 0, NOW, list[tuple[int, int]]()
    outstanding = 0
    for action, points, pause in steps:
        now += pause
        if action == "take":
            before = full_at
            full_at, balance = quota.take(full_at, points, now)
            assert (balance.wait is None) is (full_at != before)
            if balance.wait is None:
                log.append((now, points))
                outstanding += points
        elif outstanding:
            returned = min(points, outstanding)
            full_at, balance = quota.give_back(full_at, returned, now)
            outstanding -= returned
            log.append((now, -returned))
        else:
            balance = quota.balance(full_at, now)
        assert 0 <= balance.remaining <= quota.capacity
    for i, (begun, _) in enumerate(log):
        spent = 0
        for at, points in log[i:]:
            spent += points
            # The window is rounded up by less than a microsecond; in whole points that is less than one.
            assert spent * SECOND <= quota.capacity * SECOND + quota.restore * (at - begun + 1)


@settings(deadline=None)
@given(QUOTAS, some.integers(1, 6_000), some.integers(0, 10**9))
def test_a_refusal_says_exactly_when_it_would_fit(quota: Quota, points: int, pause: int) -> None:
    points = min(points, quota.capacity)
    full_at, _ = quota.take(0, quota.capacity, NOW)
    now = NOW + pause
    unchanged, balance = quota.take(full_at, points, now)
    if balance.wait is None:
        return
    assert unchanged == full_at
    assert quota.take(full_at, points, now + balance.wait - 1)[1].wait is not None
    assert quota.take(full_at, points, now + balance.wait)[1].wait is None


@settings(deadline=None)
@given(QUOTAS, some.integers(1, 5_000), some.integers(1, 5_000), some.integers(0, 10 * SECOND))
def test_a_refund_never_fills_beyond_the_brim(quota: Quota, points: int, refund: int, pause: int) -> None:
    full_at, _ = quota.take(0, min(points, quota.capacity), NOW)
    full_at, balance = quota.give_back(full_at, refund, NOW + pause)
    assert balance.remaining <= quota.capacity
    assert quota.take(full_at, quota.capacity, NOW + pause)[1].wait in {None, 1} or balance.remaining < quota.capacity
    after, _ = quota.take(full_at, quota.capacity, NOW + pause + quota.window)
    assert quota.take(after, 1, NOW + pause + quota.window)[1].wait is not None


def test_it_reads_as_people_count() -> None:
    quota = Quota(20_000, 1_000)
    full_at, balance = quota.take(0, 500, NOW)
    assert (balance.remaining, balance.full_in, balance.wait) == (19_500, SECOND // 2, None)
    full_at, balance = quota.take(full_at, 19_600, NOW)
    assert (balance.remaining, balance.wait) == (19_500, SECOND // 10)
    full_at, balance = quota.take(full_at, 19_600, NOW + SECOND // 10)
    assert balance.remaining == 0
    assert quota.balance(full_at, NOW + SECOND).remaining == 900


def test_a_clock_that_was_set_back_shuts_nobody_out_for_long() -> None:
    quota = Quota(100, 10)
    full_at, _ = quota.take(0, 100, NOW)
    assert quota.take(full_at, 1, NOW - SECOND)[1].wait == SECOND + SECOND // 10
    assert quota.take(full_at, 1, NOW - 3_600 * SECOND)[1].remaining == 99


@pytest.mark.parametrize(("capacity", "restore"), [(0, 1), (1, 0), (1, SECOND + 1)])
def test_what_is_no_quota(capacity: int, restore: int) -> None:
    with pytest.raises(ValueError, match="a quota"):
        Quota(capacity, restore)


def test_moments_are_exact() -> None:
    odd = START + timedelta(microseconds=1)
    assert timestamp(moment(odd)) == odd


async def test_each_caller_has_a_bucket_and_the_clock_fills_it() -> None:
    clock = ManualClock(START)
    charges = ProcessCharges({CallerKind.HOLDER: Quota(100, 10), CallerKind.ANONYMOUS: Quota(50, 1)}, clock)
    assert (await charges.take(ALICE, 100)).remaining == 0
    assert (await charges.take(STRANGER, 20)).remaining == 30
    assert (await charges.take(ALICE, 1)).wait == SECOND // 10
    assert (await charges.give_back(ALICE, 40)).remaining == 40
    clock.advance(timedelta(seconds=5))
    assert (await charges.take(ALICE, 90)).remaining == 0


async def test_memory_is_bounded_and_strangers_push_out_only_strangers() -> None:
    charges = ProcessCharges(dict.fromkeys(CallerKind, Quota(10, 1)), ManualClock(START), most=3)
    await charges.take(ALICE, 10)
    for number in range(50):
        await charges.take(replace(STRANGER, bucket=f"network {number}".encode()), 1)
    assert {kind: len(kept) for kind, kept in charges._full_at.items()} == {
        CallerKind.HOLDER: 1,
        CallerKind.STAFF: 0,
        CallerKind.ANONYMOUS: 3,
    }
    assert (await charges.take(ALICE, 1)).wait is not None
    assert (await charges.take(replace(STRANGER, bucket=b"network 49"), 1)).remaining == 8
    assert (await charges.take(STRANGER, 1)).remaining == 9
