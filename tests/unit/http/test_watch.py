"""The watch without a database: what a notice asks for, and what is known while nothing can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from api.auth.errors import CredentialRefused, GrantRefused
from api.http.watch import LOOKS_EVERY, CredentialWatch
from api.models import AccessGrantId, AccountId, ApiTokenId
from api.viewer import Role, Viewer
from governance.clock import ManualClock

TOKEN, ACCOUNT = ApiTokenId(UUID(int=1)), AccountId(UUID(int=2))
VIEWER = Viewer(Role.HOLDER, api_token_id=TOKEN, account_id=ACCOUNT)


class Away:
    """A database that cannot be reached."""

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        raise ConnectionRefusedError
        yield


class Held:
    """A connection as the watch sees it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked = 0
        self.ended = 0
        self.reason: Exception | None = None

    async def holds(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error

    def end(self, reason: Exception) -> None:
        self.ended += 1
        self.reason = reason


def watch() -> tuple[CredentialWatch, ManualClock]:
    clock = ManualClock(datetime(2026, 11, 27, tzinfo=UTC))
    return CredentialWatch(Away(), clock), clock  # type: ignore[arg-type]


async def test_a_notice_asks_those_who_refer_to_it() -> None:
    watching, _ = watch()
    good, bad, other = Held(), Held(CredentialRefused()), Held(CredentialRefused())
    foreign = replace(VIEWER, api_token_id=ApiTokenId(UUID(int=3)), account_id=AccountId(UUID(int=4)))
    with (
        watching.watching(VIEWER, good.holds, good.end),
        watching.watching(VIEWER, bad.holds, bad.end),
        watching.watching(foreign, other.holds, other.end),
    ):
        watching.hear(str(UUID(int=9)))
        await watching.read_doubted()
        assert (good.asked, bad.asked, other.asked) == (0, 0, 0)
        watching.hear(str(ACCOUNT))
        await watching.read_doubted()
        assert (good.asked, good.ended, bad.ended, other.asked) == (1, 0, 1, 0)
        watching.hear("anything else")
        await watching.read_doubted()
        assert (good.asked, other.ended) == (2, 1)


async def test_what_cannot_be_read_stays_in_doubt() -> None:
    watching, _ = watch()
    held = Held(ConnectionRefusedError())
    with watching.watching(VIEWER, held.holds, held.end):
        watching.look_again()
        await watching.read_doubted()
        held.error = CredentialRefused()
        await watching.read_doubted()
        assert (held.asked, held.ended) == (2, 1)
    await watching.read_doubted()
    assert held.asked == 2


async def test_a_deadline_holds_without_a_database() -> None:
    watching, clock = watch()
    held = Held()
    with watching.watching(VIEWER, held.holds, held.end):
        await watching.look([TOKEN])
        assert held.ended == 0, "nothing is known of it"
        watching._expiries[TOKEN] = clock.now() + timedelta(seconds=1)
        await watching.look([TOKEN])
        assert held.ended == 0
        clock.advance(timedelta(seconds=1))
        await watching.look([TOKEN])
        assert held.ended == 1
        assert isinstance(held.reason, CredentialRefused)
    assert watching._expiries == {}


async def test_a_grant_that_ends_is_told_as_the_grant() -> None:
    watching, clock = watch()
    grant = AccessGrantId(UUID(int=5))
    held, refused = Held(), Held(GrantRefused())
    delegated = replace(VIEWER, access_grant_id=grant)
    with watching.watching(delegated, held.holds, held.end), watching.watching(delegated, refused.holds, refused.end):
        watching._expiries[grant] = clock.now()
        await watching.look([grant])
        assert isinstance(held.reason, GrantRefused)
        watching.hear(str(grant))
        await watching.read_doubted()
        assert isinstance(refused.reason, GrantRefused)


async def test_all_are_looked_at_in_time_however_much_happens() -> None:
    watching, clock = watch()
    held = Held()
    with watching.watching(VIEWER, held.holds, held.end):
        assert watching._due() == (TOKEN,), "at the beginning"
        assert watching._due() == (TOKEN,), "it is new still"
        watching._expiries[TOKEN] = clock.now() + timedelta(minutes=1)
        assert watching._due() == ()
        clock.advance(timedelta(seconds=LOOKS_EVERY))
        assert watching._due() == (TOKEN,)
        assert watching._due() == ()
        clock.advance(timedelta(minutes=1))
        watching._next_at = clock.now() + timedelta(seconds=1)
        assert watching._due() == (TOKEN,), "its deadline has passed"
