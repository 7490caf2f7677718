"""The connections of compiled reads: none is lost, none answers for another, and trouble is told apart."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.db.reading import STATEMENTS_KEPT, ReaderPool
from api.db.trouble import database_is_away, is_bad_parameter
from tests.support.platform import Site

ECHO = "select $1::int::text"
SLOW = "select $1::int::text from pg_sleep(0.05)"


@pytest.fixture
async def pool(shop: Site) -> AsyncIterator[ReaderPool]:
    async with ReaderPool(shop.core.urls.reader, size=4) as running:
        yield running


async def all_serve(pool: ReaderPool, size: int = 4) -> bool:
    """Tell whether as many statements as the pool has connections run at the same time."""
    answers = await asyncio.gather(*(pool.fetch_answer(SLOW, (number,)) for number in range(size * 3)))
    return answers == [str(number).encode() for number in range(size * 3)] and pool.idle() == size


async def test_text_comes_as_octets(pool: ReaderPool) -> None:
    assert await pool.fetch_answer("select $1::text || 'ß'", ("grö",)) == "größ".encode()
    assert await pool.fetch_answer("select null::text", ()) is None
    assert await pool.fetch_answer("select $1::text[]::text", (["a", "b"],)) == b"{a,b}"


async def test_each_statement_is_prepared_once_however_long_and_no_more_are_kept_than_agreed(shop: Site) -> None:
    count = "select count(*)::text from pg_prepared_statements where statement like '%' || $1::text"
    async with ReaderPool(shop.core.urls.reader, size=1) as pool:
        long = ECHO + "/*" + "x" * 40_000 + "long*/"
        for number in range(3):
            assert await pool.fetch_answer(long, (number,)) == str(number).encode()
        assert await pool.fetch_answer(count, ("long*/",)) == b"1"
        for number in range(STATEMENTS_KEPT * 2):
            await pool.fetch_answer(f"{ECHO}/*{number}*/", (1,))
        assert int(await pool.fetch_answer(count, ("",)) or 0) <= STATEMENTS_KEPT + 1


async def test_a_waiter_that_leaves_as_its_turn_comes_takes_nothing_along(shop: Site) -> None:
    async with ReaderPool(shop.core.urls.reader, size=1) as pool:
        for _ in range(20):
            first = asyncio.create_task(pool.fetch_answer(SLOW, (1,)))
            await asyncio.sleep(0)
            waiter = asyncio.create_task(pool.fetch_answer(ECHO, (2,)))
            first.add_done_callback(lambda _task, waiter=waiter: waiter.cancel())  # in the turn that frees it
            assert await first == b"1"
            with pytest.raises(asyncio.CancelledError):
                await waiter
            assert await pool.fetch_answer(ECHO, (3,)) == b"3"
        assert pool.in_use() == 0


async def test_half_of_the_callers_leave(pool: ReaderPool) -> None:
    """At any moment: while they wait for a turn, for a connection, for the answer."""
    chance = random.Random(7)  # noqa: S311 - a choice that repeats

    async def ask(number: int) -> bytes | None:
        return await pool.fetch_answer("select $1::int::text from pg_sleep(0.002)", (number,))

    tasks = [asyncio.create_task(ask(number)) for number in range(500)]
    leaving = chance.sample(range(500), 250)
    for number in leaving:
        tasks[number].cancel()
        if chance.random() < 0.1:
            await asyncio.sleep(0.003)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for number in set(range(500)) - set(leaving):
        assert answers[number] == str(number).encode()
    assert pool.in_use() == 0
    assert await all_serve(pool)


async def test_a_statement_whose_caller_left_is_stopped(shop: Site, pool: ReaderPool) -> None:
    task = asyncio.create_task(pool.fetch_answer("select pg_sleep(14)::text /*left*/", ()))
    await _until_active(shop, "%/*left*/", 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until_active(shop, "%/*left*/", 0)
    assert await all_serve(pool)


async def test_too_many_callers_are_told_that_it_is_away(shop: Site) -> None:
    async with ReaderPool(shop.core.urls.reader, size=1, wait_seconds=0.05) as pool:
        assert await pool.fetch_answer(ECHO, (1,)) == b"1"
        first = asyncio.create_task(pool.fetch_answer("select pg_sleep(0.5)::text", ()))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError) as caught:
            await pool.fetch_answer(ECHO, (2,))
        assert database_is_away(caught.value)
        assert await first == b""
        assert await pool.fetch_answer(ECHO, (3,)) == b"3"


async def test_a_server_that_falls_silent_is_away(shop: Site) -> None:
    async with ReaderPool(shop.core.urls.reader, size=1, silent_seconds=0) as pool:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await pool.fetch_answer("select pg_sleep(14)::text", ())
        assert database_is_away(caught.value)
        assert pool.in_use() == 0


async def test_connections_that_the_server_ends_are_replaced(shop: Site, pool: ReaderPool) -> None:
    assert await all_serve(pool)
    under_way = asyncio.create_task(pool.fetch_answer("select pg_sleep(14)::text /*ended*/", ()))
    await _until_active(shop, "%/*ended*/", 1)
    async with shop.superuser() as server:
        await server.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sslm_reader' "
            "and datname = current_database()"
        )
    with pytest.raises(asyncpg.PostgresError) as caught:
        await under_way
    assert database_is_away(caught.value)
    for _ in range(4):
        await asyncio.wait([asyncio.ensure_future(pool.fetch_answer(ECHO, (1,)))])
    assert await all_serve(pool)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
async def test_text_that_no_database_can_hold(pool: ReaderPool, value: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - two kinds, told apart below
        await pool.fetch_answer("select $1::text", (value,))
    assert is_bad_parameter(caught.value)
    assert not database_is_away(caught.value)
    assert await pool.fetch_answer("select $1::text", ("fine",)) == b"fine"


@pytest.mark.parametrize(("sql", "value"), [(ECHO, 2**40), ("select ($1::int + 1)::text", 2**31 - 1)])
async def test_numbers_that_no_database_can_hold(pool: ReaderPool, sql: str, value: Any) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the driver refuses some, the server others
        await pool.fetch_answer(sql, (value,))
    assert is_bad_parameter(caught.value)
    assert not database_is_away(caught.value)


async def test_a_fault_of_ours_is_neither(pool: ReaderPool) -> None:
    for sql, value, kind in (
        ("select $1::int from no_such_table", 1, asyncpg.UndefinedTableError),
        (ECHO, "one", asyncpg.DataError),
        ("select (1 / $1::int)::text", 0, asyncpg.DivisionByZeroError),
    ):
        with pytest.raises(kind) as caught:
            await pool.fetch_answer(sql, (value,))
        assert not database_is_away(caught.value)
        assert not is_bad_parameter(caught.value)


async def test_nothing_is_left_open_when_it_closes(shop: Site) -> None:
    pool = ReaderPool(shop.core.urls.reader, size=3)
    assert await all_serve(pool, 3)
    under_way = asyncio.create_task(pool.fetch_answer(SLOW, (1,)))
    await asyncio.sleep(0)
    await pool.close()
    assert await under_way == b"1"
    with pytest.raises(asyncpg.InterfaceError) as caught:
        await pool.fetch_answer(ECHO, (1,))
    assert database_is_away(caught.value)
    assert (pool.idle(), pool.in_use()) == (0, 0)


async def _until_active(site: Site, pattern: str, count: int) -> None:
    query = "select count(*) from pg_stat_activity where state = 'active' and query like $1"
    async with site.superuser() as server, asyncio.timeout(10):
        while await server.fetchval(query, pattern) != count:  # noqa: ASYNC110 - the server sets no event
            await asyncio.sleep(0.01)
