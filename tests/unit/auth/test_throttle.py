"""The throttle: ten guesses, then waiting; never for good; never by strangers on a recognised device."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth.throttle import (
    BY_ACCOUNT,
    BY_DEVICE,
    BY_SOURCE,
    Attempts,
    Blocked,
    Bucket,
    Counted,
    count_attempt,
    latest_retry,
    mail_buckets,
    sign_in_buckets,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = b"t" * 32
ACCOUNT = Bucket(b"a" * 32, BY_ACCOUNT)


def guesses(bucket: Bucket, times: list[datetime]) -> list[Counted | Blocked]:
    state: Attempts | None = None
    decisions = []
    for at in times:
        decision = count_attempt(bucket, state, at)
        decisions.append(decision)
        state = decision.attempts if isinstance(decision, Counted) else state
    return decisions


@pytest.mark.clause("2.4-a")
def test_the_eleventh_attempt_is_blocked_and_the_holder_told_once() -> None:
    decisions = guesses(ACCOUNT, [NOW] * 12)
    assert all(isinstance(decision, Counted) for decision in decisions[:10])
    assert [decision.newly_blocked for decision in decisions[:10] if isinstance(decision, Counted)] == [False] * 9 + [
        True
    ]
    assert decisions[10:] == [Blocked(NOW + timedelta(minutes=1))] * 2


def guess_as_fast_as_allowed(until: datetime) -> list[datetime]:
    """Return when each counted guess of somebody who never gives up took place."""
    state, at, moments = None, NOW, []
    while at < until:
        decision = count_attempt(ACCOUNT, state, at)
        assert isinstance(decision, Counted)
        state = decision.attempts
        moments.append(at)
        at = state.blocked_until or at
    return moments


def test_the_delay_doubles() -> None:
    moments = guess_as_fast_as_allowed(NOW + timedelta(hours=1))
    gaps = [later - earlier for earlier, later in pairwise(moments[9:])]
    assert gaps[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert max(gaps) <= BY_ACCOUNT.longest


def test_somebody_who_never_gives_up_gets_a_few_guesses_an_hour() -> None:
    assert len(guess_as_fast_as_allowed(NOW + timedelta(days=1))) <= 10 + 24 * 12


@given(st.lists(st.integers(0, 7200), min_size=1, max_size=60))
def test_nobody_is_locked_out_for_longer_than_the_longest_delay(gaps: list[int]) -> None:
    at, state = NOW, None
    for gap in gaps:
        at += timedelta(seconds=gap)
        decision = count_attempt(ACCOUNT, state, at)
        if isinstance(decision, Blocked):
            assert at < decision.retry_at <= at + BY_ACCOUNT.longest
        else:
            state = decision.attempts


def test_attempts_are_forgotten() -> None:
    old = Attempts(10, NOW, NOW + timedelta(minutes=1))
    later = count_attempt(ACCOUNT, old, NOW + timedelta(hours=1))
    assert isinstance(later, Counted)
    assert later.attempts.failures == 1
    assert old.expires_at == NOW + timedelta(days=1)


def test_a_clock_set_back_forgets_nothing_and_breaks_nothing() -> None:
    decision = count_attempt(ACCOUNT, Attempts(3, NOW, None), NOW - timedelta(days=2))
    assert isinstance(decision, Counted)
    assert decision.attempts.failures == 4


@pytest.mark.clause("2.4-a")
def test_counters_by_account_and_source_and_apart_for_a_recognised_device() -> None:
    first = sign_in_buckets(SECRET, email_key="a@b.example", address="203.0.113.7", device_secret=None)
    assert [bucket.rule for bucket in first] == [BY_ACCOUNT, BY_SOURCE]
    elsewhere = sign_in_buckets(SECRET, email_key="a@b.example", address="203.0.113.8", device_secret=None)
    assert first[0] == elsewhere[0]
    assert first[1] != elsewhere[1]
    device = sign_in_buckets(SECRET, email_key="a@b.example", address="203.0.113.7", device_secret="d")
    assert [bucket.rule for bucket in device] == [BY_DEVICE]
    assert device[0].hash not in {bucket.hash for bucket in first}
    assert len(sign_in_buckets(SECRET, email_key="a@b.example", address="", device_secret=None)) == 1


def test_counters_name_nobody_and_purposes_are_apart() -> None:
    sign_in = sign_in_buckets(SECRET, email_key="a@b.example", address="203.0.113.7", device_secret=None)
    mail = mail_buckets(SECRET, "reset", email_key="a@b.example", address="203.0.113.7")
    other = mail_buckets(SECRET, "sign-up", email_key="a@b.example", address="203.0.113.7")
    rekeyed = sign_in_buckets(b"u" * 32, email_key="a@b.example", address="203.0.113.7", device_secret=None)
    hashes = [bucket.hash for group in (sign_in, mail, other, rekeyed) for bucket in group]
    assert len(set(hashes)) == len(hashes)
    assert {len(value) for value in hashes} == {32}


def test_the_latest_of_several_blocks_counts() -> None:
    later = NOW + timedelta(minutes=9)
    assert latest_retry([Blocked(NOW), Counted(Attempts(1, NOW), newly_blocked=False), Blocked(later)]) == later
    assert latest_retry([]) is None
