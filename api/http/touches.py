"""Marks of use: when a session, an API token or a grant was last used, to the minute.

The rule: nobody waits for a mark, and losing one loses nothing. Marks of some seconds are written together, so that a
thousand callers who return cost three statements.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from api.auth.viewers import touch
from api.db.sessions import Sessions
from api.models import AccessGrantRow, ApiTokenRow, SessionRow
from api.viewer import Viewer
from governance.clock import Clock

TOUCH_EVERY: Final = timedelta(minutes=1)
TOGETHER_SECONDS: Final = 2.0
_REMEMBERED: Final = 10_000
_CLOSING_SECONDS: Final = 2.0
_Row = type[SessionRow | ApiTokenRow | AccessGrantRow]
_log = structlog.get_logger("api.http")


class Touches:
    """Collects marks and writes them; remembers what was marked lately, so that most requests note nothing."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._marked: dict[UUID, datetime] = {}
        self._waiting: dict[_Row, set[UUID]] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, viewer: Viewer) -> None:
        """Mark what the viewer came with as used."""
        if viewer.session_id is not None:
            self._note(SessionRow, viewer.session_id)
        elif viewer.api_token_id is not None:
            self._note(ApiTokenRow, viewer.api_token_id)
        if viewer.access_grant_id is not None:
            self._note(AccessGrantRow, viewer.access_grant_id)

    def _note(self, table: _Row, row_id: UUID) -> None:
        now = self._clock.now()
        marked = self._marked.get(row_id)
        if marked is not None and now - marked < TOUCH_EVERY:
            return
        if len(self._marked) >= _REMEMBERED:
            self._marked.clear()
        self._marked[row_id] = now
        self._waiting.setdefault(table, set()).add(row_id)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon(), name="touches")

    async def _write_soon(self) -> None:
        await asyncio.sleep(TOGETHER_SECONDS)
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        try:
            async with self._sessions.write() as session:
                for table, ids in waiting.items():
                    await touch(session, table, ids, self._clock)
        except Exception as error:  # noqa: BLE001 - no request is concerned
            _log.warning("touch_failed", error=type(error).__name__)

    async def close(self) -> None:
        """Write down what waits, for a moment at most."""
        if self._writing is not None:
            self._writing.cancel()
        try:
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._write()
        except TimeoutError:
            _log.warning("touch_failed", error="TimeoutError")
