"""One connection that hears what PostgreSQL announces (LISTEN), for a whole process.

The rule: a notice is only a reason to look. One that is lost with its connection is made up for: after each connection,
the first included, `resumed` tells everybody to look again. So whoever waits looks at least once after each change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import asyncpg
import structlog

from api.db.urls import DatabaseUrl

Hear = Callable[[str], None]
_CONNECT_SECONDS: Final = 10.0
_PROBE_SECONDS: Final = 10.0
"""How often the connection is tried, so that one that died without a word is noticed."""
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_log = structlog.get_logger("api.db")


class Listening:
    """Hears the channels in `hears` until it is cancelled; what hears must neither wait nor raise."""

    def __init__(self, url: DatabaseUrl, hears: Mapping[str, Hear], resumed: Callable[[], None]) -> None:
        self._url = url
        self._hears = dict(hears)
        self._resumed = resumed
        self.connected = False

    async def run(self) -> None:
        """Listen, and connect anew whenever the connection is lost; never end by itself."""
        pause = _SHORTEST_PAUSE
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("listening_interrupted", error=type(error).__name__)
            pause = _SHORTEST_PAUSE if self.connected else min(pause * 2, _LONGEST_PAUSE)
            self.connected = False
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Hear until the connection is lost; raise or return then."""
        connection = await asyncpg.connect(
            self._url.plain, timeout=_CONNECT_SECONDS, server_settings={"application_name": "sslm listening"}
        )
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        try:
            for channel in self._hears:
                await connection.add_listener(channel, self._hear)
            self.connected = True
            self._resumed()
            while not lost.is_set():
                await connection.fetchval("select 1", timeout=_PROBE_SECONDS)
                await _wait(lost, _PROBE_SECONDS)
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        self._hears[channel](str(payload))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
