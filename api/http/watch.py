"""Ends what a credential opened when the credential ends: connections that stay open outlive the check at their start.

The rule: the row decides. A notice (`sslm_credentials`, with the id of what changed) makes us read again, at once, who
holds the connections that refer to it. A deadline is looked at in its time, and every few seconds all credentials are,
by one statement, so that a lost notice costs no more than that.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from api.auth.errors import CredentialRefused, GrantRefused
from api.auth.viewers import credentials_alive
from api.db.sessions import Sessions
from api.kit.errors import AccessDenied
from api.viewer import Viewer
from governance.clock import Clock

CHANNEL: Final = "sslm_credentials"
LOOKS_EVERY: Final = 3.0
_LOOK_SECONDS: Final = 3.0
_NAMES: Final = tuple(each.name for each in fields(Viewer) if each.name.endswith("_id"))
"""Whatever a viewer refers to: a notice of any of these ids is a reason to read the viewer again."""
_log = structlog.get_logger("api.http")


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """One connection: its credential and grant, whatever else its viewer refers to, and how it is asked and ended."""

    credentials: frozenset[UUID]
    names: frozenset[UUID]
    grant: UUID | None
    holds: Callable[[], Awaitable[object]]
    ended: Callable[[AccessDenied], None]

    def end(self, credential: UUID) -> None:
        """End it, because this credential, or the grant acted under, holds no more."""
        self.ended(GrantRefused() if credential == self.grant else CredentialRefused())


class CredentialWatch:
    """Watches the credentials of one process's open connections."""

    def __init__(self, sessions: Sessions, clock: Clock, every: float = LOOKS_EVERY) -> None:
        self._sessions = sessions
        self._clock = clock
        self._every = every
        self._watched: defaultdict[UUID, set[Watched]] = defaultdict(set)
        self._named: defaultdict[UUID, set[Watched]] = defaultdict(set)
        self._expiries: dict[UUID, datetime | None] = {}
        self._doubted: set[Watched] = set()
        self._asked = asyncio.Event()
        self._next_at = clock.now()

    @contextmanager
    def watching(
        self, viewer: Viewer, holds: Callable[[], Awaitable[object]], ended: Callable[[AccessDenied], None]
    ) -> Iterator[None]:
        """Call `ended` with the reason once the viewer's credential, or the grant acted under, holds no more.

        It may not wait or raise. `holds` reads anew who that is, and raises that reason where it is nobody any more.
        """
        shown = (viewer.session_id or viewer.api_token_id, viewer.access_grant_id)
        credentials = frozenset(each for each in shown if each is not None)
        if not credentials:
            yield
            return
        names = frozenset(found for name in _NAMES if (found := getattr(viewer, name)) is not None)
        one = Watched(credentials, names, viewer.access_grant_id, holds, ended)
        for credential in credentials:
            self._watched[credential].add(one)
        for name in names:
            self._named[name].add(one)
        self._asked.set()
        try:
            yield
        finally:
            self._leave(one)

    def _leave(self, one: Watched) -> None:
        self._doubted.discard(one)
        for index, keys in ((self._watched, one.credentials), (self._named, one.names)):
            for key in keys:
                index[key].discard(one)
                if not index[key]:
                    del index[key]
        for credential in one.credentials - self._watched.keys():
            self._expiries.pop(credential, None)

    def hear(self, payload: str) -> None:
        """Take a notice of a change; one of something that no connection here refers to costs nothing."""
        try:
            self._doubt(self._named.get(UUID(payload), ()))
        except ValueError:
            self.look_again()

    def look_again(self) -> None:
        """Read everybody again, because notices may have been lost."""
        for ones in self._watched.values():
            self._doubt(ones)

    def _doubt(self, ones: Collection[Watched]) -> None:
        self._doubted |= set(ones)
        if ones:
            self._asked.set()

    async def run(self) -> None:
        """Look whenever there is a reason to, until cancelled."""
        while True:
            await self._rest()
            await self.read_doubted()
            await self.look(self._due())

    async def read_doubted(self) -> None:
        """Read again who holds the connections that a notice referred to; what cannot be read stays in doubt."""
        for one in tuple(self._doubted):
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await one.holds()
            except AccessDenied as error:
                one.ended(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next look is seconds away
                _log.warning("credentials_not_looked_at", error=type(error).__name__)
                return
            self._doubted.discard(one)

    async def look(self, credentials: Collection[UUID]) -> None:
        """Look at these credentials. While the database is away, only what ends by the clock can be seen to end."""
        if not credentials:
            return
        try:
            async with asyncio.timeout(_LOOK_SECONDS), self._sessions.read() as session:
                alive = await credentials_alive(session, credentials, self._clock)
        except Exception as error:  # noqa: BLE001 - the same
            _log.warning("credentials_not_looked_at", error=type(error).__name__)
            credentials = [one for one in credentials if one in self._expiries]
            alive = {one: ends for one in credentials if not self._is_past(ends := self._expiries[one])}
        for credential in credentials:
            if credential not in alive:
                for one in tuple(self._watched.get(credential, ())):
                    one.end(credential)
        self._expiries |= {one: ends for one, ends in alive.items() if one in self._watched}

    def _is_past(self, ends: datetime | None) -> bool:
        return ends is not None and ends <= self._clock.now()

    def _due(self) -> tuple[UUID, ...]:
        """Return what to look at: all when it is time, however much happens meanwhile; before that, what is new."""
        now = self._clock.now()
        if now >= self._next_at:
            self._next_at = now + timedelta(seconds=self._every)
            return tuple(self._watched)
        return tuple(one for one in self._watched if one not in self._expiries or self._is_past(self._expiries[one]))

    async def _rest(self) -> None:
        """Wait for a reason to look: a notice, a new connection, the next deadline, or the time."""
        next_at = min([self._next_at, *(at for at in self._expiries.values() if at is not None)])
        seconds = (next_at - self._clock.now()).total_seconds()
        try:
            async with asyncio.timeout(min(max(seconds, 0.05), self._every)):
                await self._asked.wait()
        except TimeoutError:
            return
        finally:
            self._asked.clear()
