"""The connections of compiled reads: as the reader role, one round trip a statement, nothing to tidy up afterwards.

The rules: a connection is taken and given back without waiting, under a permit of a semaphore, so that no cancelled
caller takes one along; and nothing is reset when it is given back. The viewer's name is local to its statement's own
transaction (`behind_wall`), the role is read-only, and nobody else uses these connections, so nothing can remain.

A connection whose caller left is given back as well: asyncpg has asked the server to stop the statement and makes the
next one wait for that. One timer for all looks for servers that fell silent; a timer for each call costs a fifth of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import asyncpg

from api.db.urls import DatabaseUrl

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

SIZE: Final = 10
LOOKUPS: Final = 4
"""Connections on which credentials are looked up."""
WAIT_SECONDS: Final = 5.0
CLOSING_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 20.0
"""A server that says nothing for longer than its own limit on statements is taken to be away."""
LOOK_EVERY: Final = 1.0
CLOSED: Final = "The connections of compiled reads are closed; nothing was read."
STATEMENTS_KEPT: Final = 64
"""Prepared statements of one connection; a plan of many fields holds some 200 KiB of the server's memory each."""


class ReaderPool:
    """A bounded number of connections, opened when they are first needed. An async context manager."""

    def __init__(
        self,
        url: DatabaseUrl,
        *,
        size: int = SIZE,
        octets: bool = True,
        wait_seconds: float = WAIT_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._url = url
        self._size = size
        self._octets = octets
        self._wait_seconds = wait_seconds
        self._silent_seconds = silent_seconds
        self._permits = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()
        self._asked: dict[Connection, float] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._closed = False

    async def fetch_answer(self, sql: str, parameters: Sequence[Any]) -> bytes | None:
        """Run a statement that gives one value; with `octets` text comes as its UTF-8 octets, as the answer is sent.

        Each text of SQL is prepared once for a connection. Raises what asyncpg raises, and `TimeoutError` where no
        connection was free in time (`api.db.trouble` tells these apart). The server ends a statement after its
        role's `statement_timeout`.
        """
        answer: bytes | None = await self._run(asyncpg.Connection.fetchval, sql, parameters)
        return answer

    async def fetch_row(self, sql: str, parameters: Sequence[Any]) -> asyncpg.Record | None:
        """Run a statement that gives at most one row; otherwise like `fetch_answer`."""
        row: asyncpg.Record | None = await self._run(asyncpg.Connection.fetchrow, sql, parameters)
        return row

    async def _run(self, fetch: Callable[..., Awaitable[Any]], sql: str, parameters: Sequence[Any]) -> Any:
        permits = self._permits
        if self._closed:
            raise asyncpg.InterfaceError(CLOSED)
        if permits.locked():
            async with asyncio.timeout(self._wait_seconds):
                await permits.acquire()
        else:
            await permits.acquire()
        try:
            connection = self._take() or await self._open()
            self._asked[connection] = monotonic()
            try:
                return await fetch(connection, sql, *parameters)
            finally:
                self._give_back(connection)
        finally:
            permits.release()

    def in_use(self) -> int:
        """Return how many connections answer somebody now."""
        return len(self._asked)

    def idle(self) -> int:
        """Return how many open connections wait for work."""
        return len(self._idle)

    async def close(self) -> None:
        """Refuse new statements, let those under way end for a moment, then close every connection."""
        self._closed, ours = True, 0
        if self._watch is not None:
            self._watch.cancel()
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                while ours < self._size:
                    await self._permits.acquire()
                    ours += 1
                for connection in tuple(self._all):
                    await connection.close()
        except TimeoutError:
            pass
        finally:
            for connection in self._all:
                connection.terminate()
            self._all.clear()
            self._idle.clear()
            for _ in range(ours):
                self._permits.release()

    def _take(self) -> Connection | None:
        """Take the connection that was used last, whose statements are prepared; drop those the server closed."""
        if self._closed:
            raise asyncpg.InterfaceError(CLOSED)
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._drop(connection)
        return None

    def _give_back(self, connection: Connection) -> None:
        del self._asked[connection]
        if self._closed or connection.is_closed():
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _drop(self, connection: Connection) -> None:
        connection.terminate()
        self._all.discard(connection)

    def _look_for_silence(self) -> None:
        """Cut the connections whose server says nothing; whoever waits there is told that it is away."""
        late = monotonic() - self._silent_seconds
        for connection in [one for one, since in self._asked.items() if since < late]:
            connection.terminate()
        self._watch = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look_for_silence)

    async def _open(self) -> Connection:
        try:
            connection = await asyncpg.connect(
                self._url.plain,
                timeout=self._wait_seconds,
                statement_cache_size=STATEMENTS_KEPT,
                max_cached_statement_lifetime=0,
                max_cacheable_statement_size=0,
                server_settings={"application_name": "sslm reader"},
            )
        except asyncpg.ObjectNotInPrerequisiteStateError as error:  # the database takes no connections just now
            raise asyncpg.CannotConnectNowError(str(error)) from error
        try:
            if self._octets:
                await connection.set_type_codec(
                    "text", schema="pg_catalog", encoder=str.encode, decoder=_as_it_is, format="binary"
                )
        except BaseException:
            connection.terminate()
            raise
        self._all.add(connection)
        if self._watch is None and not self._closed:
            self._look_for_silence()
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _as_it_is(value: bytes) -> bytes:
    return value
