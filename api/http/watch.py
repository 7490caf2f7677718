"""Ends what a credential opened when the credential ends: connections that stay open outlive the check at their start.

The rule: the row decides. A notice (`sslm_credentials`, with the id of what ended) makes us look at once, a deadline at
its time, and besides everything is looked at every few seconds, so that a lost notice costs no more than that.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from api.auth.viewers import credentials_alive
from api.db.sessions import Sessions
from api.viewer import Viewer
from governance.clock import Clock

CHANNEL: Final = "sslm_credentials"
LOOKS_EVERY: Final = 3.0
_LOOK_SECONDS: Final = 3.0
_log = structlog.get_logger("api.http")
Ended = Callable[[], None]


class CredentialWatch:
    """Watches the credentials of one process's open connections, with one statement for all of them."""

    def __init__(self, sessions: Sessions, clock: Clock, every: float = LOOKS_EVERY) -> None:
        self._sessions = sessions
        self._clock = clock
        self._every = every
        self._watched: defaultdict[UUID, set[Ended]] = defaultdict(set)
        self._expiries: dict[UUID, datetime | None] = {}
        self._asked = asyncio.Event()

    @contextmanager
    def watching(self, viewer: Viewer, ended: Ended) -> Iterator[None]:
        """Call `ended` once the viewer's credential does not hold any more; it must neither wait nor raise."""
        credential = viewer.session_id or viewer.api_token_id
        if credential is None:
            yield
            return
        self._watched[credential].add(ended)
        self._asked.set()
        try:
            yield
        finally:
            self._watched[credential].discard(ended)
            if not self._watched[credential]:
                del self._watched[credential]
                self._expiries.pop(credential, None)

    def hear(self, payload: str) -> None:
        """Take a notice that a credential ended; one of a credential nobody uses here costs nothing."""
        try:
            known = UUID(payload) in self._watched
        except ValueError:
            known = True
        if known:
            self._asked.set()

    def look_again(self) -> None:
        """Look at once, because notices may have been lost."""
        self._asked.set()

    async def run(self) -> None:
        """Look whenever there is a reason to, until cancelled."""
        while True:
            await self._rest()
            if self._watched:
                await self.look()

    async def look(self) -> None:
        """Look at every credential now. While the database is away, only what ends by the clock can be seen to end."""
        watched = tuple(self._watched)
        try:
            async with asyncio.timeout(_LOOK_SECONDS), self._sessions.read() as session:
                alive = await credentials_alive(session, watched, self._clock)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next look is seconds away
            _log.warning("credentials_not_looked_at", error=type(error).__name__)
            alive = {one: ends for one, ends in self._expiries.items() if ends is None or ends > self._clock.now()}
            watched = tuple(self._expiries)
        for credential in watched:
            if credential not in alive:
                self._end(credential)
        self._expiries = {one: ends for one, ends in alive.items() if one in self._watched}

    def _end(self, credential: UUID) -> None:
        for ended in tuple(self._watched.get(credential, ())):
            ended()

    async def _rest(self) -> None:
        """Wait for a reason to look: a notice, a new connection, the next deadline, or simply the time."""
        ends = [at for at in self._expiries.values() if at is not None]
        soonest = (min(ends) - self._clock.now()).total_seconds() if ends else self._every
        try:
            async with asyncio.timeout(min(max(soonest, 0.05), self._every)):
                await self._asked.wait()
        except TimeoutError:
            return
        finally:
            self._asked.clear()
