"""Counters in their table: nobody gains by guessing in parallel, and no two attempts block one another for good."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.auth.throttle import Blocked, Bucket, Counted, sign_in_buckets
from api.auth.throttle_store import admit, forgive
from api.models import ThrottleRow
from api.viewer import JOB
from tests.integration.conftest import Platform

SECRET = b"t" * 32


def buckets(email: str = "a@b.example", address: str = "203.0.113.7") -> tuple[Bucket, ...]:
    return sign_in_buckets(SECRET, email_key=email, address=address, device_secret=None)


async def attempt(platform: Platform, counters: tuple[Bucket, ...]) -> Counted | Blocked:
    async with platform.works.open(JOB) as work:
        return await admit(work.session, counters, platform.clock.now())


@pytest.mark.clause("2.4-a")
async def test_ten_attempts_then_waiting(platform: Platform) -> None:
    results = [await attempt(platform, buckets()) for _ in range(12)]
    assert [isinstance(result, Counted) for result in results] == [True] * 10 + [False] * 2
    assert [result.newly_blocked for result in results if isinstance(result, Counted)] == [False] * 9 + [True]
    platform.clock.advance(timedelta(minutes=1))
    assert isinstance(await attempt(platform, buckets()), Counted)
    assert isinstance(await attempt(platform, buckets()), Blocked)


@pytest.mark.clause("2.4-a")
async def test_from_another_network_the_account_still_waits_but_another_account_does_not(platform: Platform) -> None:
    for _ in range(10):
        await attempt(platform, buckets())
    assert isinstance(await attempt(platform, buckets(address="198.51.100.9")), Blocked)
    assert isinstance(await attempt(platform, buckets(email="c@d.example", address="198.51.100.9")), Counted)
    assert isinstance(await attempt(platform, buckets(email="c@d.example")), Blocked)


@pytest.mark.clause("2.4-a")
async def test_a_recognised_device_is_not_shut_out_by_strangers(platform: Platform) -> None:
    for _ in range(11):
        await attempt(platform, buckets())
    own = sign_in_buckets(SECRET, email_key="a@b.example", address="203.0.113.7", device_secret="device")
    assert isinstance(await attempt(platform, own), Counted)


async def test_success_clears_the_account_and_not_the_source(platform: Platform) -> None:
    for _ in range(9):
        await attempt(platform, buckets())
    async with platform.works.open(JOB) as work:
        await forgive(work.session, buckets())
    assert isinstance(await attempt(platform, buckets()), Counted)
    assert isinstance(await attempt(platform, buckets()), Blocked)


async def test_a_blocked_attempt_counts_nowhere(platform: Platform) -> None:
    for _ in range(10):
        await attempt(platform, buckets())
    before = await _failures(platform)
    assert isinstance(await attempt(platform, buckets(address="198.51.100.9")), Blocked)
    assert await _failures(platform) == before


async def _failures(platform: Platform) -> int:
    async with platform.sessions.read() as session:
        return int(await session.scalar(select(func.sum(ThrottleRow.failures))) or 0)


@pytest.mark.clause("2.4-a")
async def test_parallel_guesses_gain_nothing(fresh_platform: Platform) -> None:
    results = await asyncio.gather(*(attempt(fresh_platform, buckets()) for _ in range(40)))
    assert sum(isinstance(result, Counted) for result in results) == 10
    assert sum(isinstance(result, Counted) and result.newly_blocked for result in results) == 1


async def test_counters_taken_in_opposite_order_do_not_deadlock(fresh_platform: Platform) -> None:
    first, second = buckets(), tuple(reversed(buckets()))
    results = await asyncio.gather(*(attempt(fresh_platform, first if n % 2 else second) for n in range(20)))
    assert sum(isinstance(result, Counted) for result in results) == 10
