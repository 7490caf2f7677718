"""A request that ends at once is watched by nobody; one that lasts ends with its caller, or when its time is up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.http import presence
from api.http.body import ClientLeft
from api.http.errors import RequestTooSlow
from api.http.presence import Presence

SLOW = RequestTooSlow("too slow")


class Wire:
    """A connection: what it was asked for, and when its caller leaves."""

    def __init__(self) -> None:
        self.listened = asyncio.Event()
        self.gone = asyncio.Event()

    async def __call__(self) -> dict[str, Any]:
        self.listened.set()
        await self.gone.wait()
        return {"type": "http.disconnect"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "UNWATCHED_SECONDS", 0.0)


async def test_what_ends_at_once_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "UNWATCHED_SECONDS", 60.0)
    wire, before = Wire(), asyncio.all_tasks()
    with Presence(wire) as one:
        one.limit(1.0, SLOW)
        one.watch()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == before
    assert not wire.listened.is_set()


async def test_what_lasts_ends_with_its_caller() -> None:
    wire, cleaned = Wire(), asyncio.Event()

    async def request() -> None:
        with Presence(wire) as one:
            one.watch()
            await wire.listened.wait()
            wire.gone.set()
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.set()

    with pytest.raises(ClientLeft):
        await request()
    task = asyncio.current_task()
    assert cleaned.is_set()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_step_ends_when_its_time_is_up() -> None:
    wire = Wire()

    async def request() -> None:
        with Presence(wire) as one:
            one.limit(0.0, SLOW)
            await asyncio.Event().wait()

    with pytest.raises(RequestTooSlow):
        await request()
    assert not wire.listened.is_set(), "what may still be a part of the body is not taken away"


async def test_a_later_step_has_its_own_time() -> None:
    wire = Wire()
    with Presence(wire) as one:
        one.limit(60.0, SLOW)
        await asyncio.sleep(0.01)
        one.limit(60.0, SLOW)
        one.watch()
        await wire.listened.wait()
    await asyncio.sleep(0)
    assert {task for task in asyncio.all_tasks() if "_listen" in repr(task)} == set()


async def test_work_that_ended_all_the_same_is_answered() -> None:
    wire = Wire()
    with Presence(wire) as one:
        one.watch()
        await wire.listened.wait()
        wire.gone.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            answer = "done"
    task = asyncio.current_task()
    assert answer == "done"
    assert task is not None
    assert task.cancelling() == 0


async def test_a_server_that_stops_is_not_taken_for_a_caller_who_left() -> None:
    wire, begun = Wire(), asyncio.Event()

    async def request() -> None:
        with Presence(wire) as one:
            one.watch()
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(request())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_comes_out_as_it_is() -> None:
    def request(one: Presence) -> None:
        with one:
            one.watch()
            raise KeyError

    with pytest.raises(KeyError):
        request(Presence(Wire()))
