"""What is remembered of credentials: for five seconds, bounded, and never after it may have changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.auth.credential_cache import CredentialCache
from api.models import AccountId, ApiTokenId, SessionId, StaffId
from api.viewer import Origin, Role, Viewer
from governance.clock import ManualClock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FIRST, SECOND = Origin("203.0.113.1", "one", "request-1"), Origin("203.0.113.2", "two", "request-2")
KEY = b"key"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def cache(clock: ManualClock) -> CredentialCache:
    made = CredentialCache(clock, most=3)
    made.follow(lambda: True)
    return made


def viewer(**more: object) -> Viewer:
    someone = Viewer(Role.HOLDER, FIRST, account_id=AccountId(uuid4()), api_token_id=ApiTokenId(uuid4()))
    return replace(someone, **more)  # type: ignore[arg-type]


def remember(cache: CredentialCache, who: Viewer, key: bytes = KEY) -> None:
    cache.keep(cache.ticket(), key, who)


def test_it_is_the_same_viewer_asking_from_elsewhere(cache: CredentialCache) -> None:
    who = viewer()
    remember(cache, who)
    assert cache.get(KEY, SECOND) == replace(who, origin=SECOND)
    assert cache.get(b"another", SECOND) is None


def test_an_entry_ends_after_five_seconds_however_often_it_is_used(cache: CredentialCache, clock: ManualClock) -> None:
    remember(cache, viewer())
    for _ in range(4):
        clock.advance(timedelta(seconds=1))
        assert cache.get(KEY, FIRST)
    clock.advance(timedelta(seconds=1))
    assert cache.get(KEY, FIRST) is None
    assert len(cache) == 0


def test_an_entry_ends_with_its_credential(cache: CredentialCache, clock: ManualClock) -> None:
    remember(cache, viewer(credential_ends_at=NOON + timedelta(seconds=2)))
    clock.advance(timedelta(seconds=1.9))
    assert cache.get(KEY, FIRST)
    clock.advance(timedelta(seconds=0.1))
    assert cache.get(KEY, FIRST) is None


def test_the_five_seconds_begin_with_the_lookup(cache: CredentialCache, clock: ManualClock) -> None:
    ticket = cache.ticket()
    clock.advance(timedelta(seconds=4))
    cache.keep(ticket, KEY, viewer())
    clock.advance(timedelta(seconds=1))
    assert cache.get(KEY, FIRST) is None


def test_a_clock_that_is_set_back_prolongs_nothing(cache: CredentialCache, clock: ManualClock) -> None:
    remember(cache, viewer())
    clock.advance(timedelta(hours=-1))
    assert cache.get(KEY, FIRST) is None


@pytest.mark.parametrize(
    ("name", "made"), [("account_id", AccountId), ("staff_id", StaffId), ("session_id", SessionId)]
)
def test_an_announcement_drops_whoever_refers_to_it(cache: CredentialCache, name: str, made: type) -> None:
    changed = uuid4()
    remember(cache, viewer(**{name: made(changed)}))
    remember(cache, viewer(), b"other")
    cache.hear(str(uuid4()))
    assert cache.get(KEY, FIRST)
    cache.hear(str(changed))
    assert cache.get(KEY, FIRST) is None
    assert cache.get(b"other", FIRST)


def test_an_announcement_that_cannot_be_read_drops_all(cache: CredentialCache) -> None:
    remember(cache, viewer())
    cache.hear("everybody")
    assert len(cache) == 0


def test_what_is_dropped_during_a_lookup_makes_its_result_too_old(cache: CredentialCache) -> None:
    """The announcement arrives after the row was read, and before it would be remembered."""
    who = viewer()
    for announce in (lambda: cache.hear(str(who.account_id)), cache.forget, lambda: cache.acted(who)):
        ticket = cache.ticket()
        announce()
        cache.keep(ticket, KEY, who)
        assert cache.get(KEY, FIRST) is None


def test_whoever_changed_something_is_looked_up_again(cache: CredentialCache) -> None:
    who = viewer()
    other_token = replace(who, api_token_id=ApiTokenId(uuid4()))
    remember(cache, who)
    remember(cache, other_token, b"other token of the account")
    cache.acted(who)
    assert len(cache) == 0


def test_while_nothing_is_heard_nothing_is_remembered_or_used(clock: ManualClock) -> None:
    cache, hears = CredentialCache(clock), [True]
    remember(cache, viewer())
    assert len(cache) == 0, "nobody listens yet"
    cache.follow(lambda: hears[0])
    remember(cache, viewer())
    hears[0] = False
    assert cache.get(KEY, FIRST) is None
    remember(cache, viewer(), b"other")
    hears[0] = True
    cache.forget()
    assert cache.get(KEY, FIRST) is None
    assert cache.get(b"other", FIRST) is None


def test_the_least_recently_used_goes_first(cache: CredentialCache) -> None:
    for key in (b"1", b"2", b"3"):
        remember(cache, viewer(), key)
    assert cache.get(b"1", FIRST)
    remember(cache, viewer(), b"4")
    assert [key for key in (b"1", b"2", b"3", b"4") if cache.get(key, FIRST)] == [b"1", b"3", b"4"]
    assert len(cache) == 3


def test_nothing_remains_of_what_was_dropped(cache: CredentialCache, clock: ManualClock) -> None:
    for number in range(100):
        remember(cache, viewer(), str(number).encode())
    clock.advance(timedelta(seconds=6))
    for number in range(100):
        assert cache.get(str(number).encode(), FIRST) is None
    assert (len(cache), len(cache._keys)) == (0, 0)
