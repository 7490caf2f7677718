"""The WebSocket behind `/graphql`: handshake, who is there, and one task for each operation (graphql-transport-ws).

A browser sends cookies with the handshake of any page, and a handshake carries no CSRF token. So a foreign `Origin` is
refused before anything is opened, and the session cookie counts only where our own origin is named.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from api.auth.cookies import SESSION, cookie_value
from api.auth.csrf import sent_by_own_page
from api.auth.errors import CredentialRefused
from api.http import socket_protocol as protocol
from api.http.edge import Receive, Scope, Send
from api.http.live import Caller, Live
from api.http.origin import headers_of
from api.http.places import TooManyConnections
from api.http.socket_connection import GOODBYE_SECONDS, Connection
from api.http.viewers import ACT_FOR, ViewerReader, named_grant
from api.viewer import Origin, Role, Viewer


@dataclass(frozen=True, slots=True)
class SocketEndpoint:
    """The ASGI application behind WebSocket connections to `/graphql`."""

    live: Live
    viewers: ViewerReader
    own_origin: str
    allowed_origins: frozenset[str] = frozenset()
    _open: set[Connection] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it is closed."""
        scope["sslm.route"] = "/graphql (socket)"
        origin: Origin = scope["sslm.origin"]
        headers = headers_of(scope)
        if (await receive())["type"] != "websocket.connect":
            return
        if not self._from_our_pages(headers):
            await send({"type": "websocket.close"})  # before the handshake: 403
            return
        with ExitStack() as places:
            try:
                places.enter_context(self.live.everybody.taken("process"))
                waiting = places.enter_context(ExitStack())
                waiting.enter_context(self.live.waiting.taken(origin.address))
            except TooManyConnections as error:
                await _turned_away(send, error)
                return
            connection = Connection(
                self.live, origin, lambda payload: self.caller(payload, headers, origin), receive, send, waiting=waiting
            )
            await self._serve(scope, connection)

    async def _serve(self, scope: Scope, connection: Connection) -> None:
        offered = protocol.SUBPROTOCOL in scope.get("subprotocols", ())
        await connection.send({"type": "websocket.accept", "subprotocol": protocol.SUBPROTOCOL if offered else None})
        self._open.add(connection)
        self.live.metrics.connection("socket", 1)
        try:
            if not offered:
                connection.close(protocol.NO_SUBPROTOCOL)
            await connection.run()
        finally:
            self._open.discard(connection)
            self.live.metrics.connection("socket", -1)

    def _from_our_pages(self, headers: Mapping[str, str]) -> bool:
        return sent_by_own_page(
            own_origin=self.own_origin,
            allowed_origins=self.allowed_origins,
            origin=headers.get("origin"),
            sec_fetch_site=headers.get("sec-fetch-site"),
        )

    async def caller(self, payload: Mapping[str, Any], headers: dict[str, str], origin: Origin) -> Caller:
        """Return who is there: by the message, else the handshake's header, else the cookie of our own page.

        The grant to act under is found the same way. Raise `CredentialRefused` or `GrantRefused` for what does not
        hold, and where there is no credential: nobody is nothing to hold a connection for.
        """
        authorization, act_for = (_named(payload, headers, name) for name in ("authorization", ACT_FOR))
        if act_for is not None:
            headers = headers | {ACT_FOR: act_for}
        if authorization is not None:
            shown = {name: value for name, value in headers.items() if name != "cookie"}
            shown["authorization"] = authorization or "none"  # an empty one is refused, not taken for nobody's
            return await self._known(shown, origin, lambda now: self.viewers.read(shown, now))
        secret = cookie_value([headers.get("cookie", "")], SESSION) or ""
        if headers.get("origin") != self.own_origin:
            raise CredentialRefused

        async def by_cookie(now: Origin) -> Viewer:
            viewer = await self.viewers.signed_in(secret, now, named_grant(headers))
            if viewer is None:
                raise CredentialRefused
            return viewer

        return await self._known(headers, origin, by_cookie)

    async def _known(
        self, headers: dict[str, str], origin: Origin, again: Callable[[Origin], Awaitable[Viewer]]
    ) -> Caller:
        async with asyncio.timeout(self.live.limits.viewer_seconds):
            viewer = await again(origin)
        if viewer.role is Role.ANONYMOUS:
            raise CredentialRefused
        return Caller(viewer, headers, again)

    async def close(self) -> None:
        """Close every connection, because the process stops, and open no more; clients come back elsewhere."""
        self.live.everybody.shut()
        ending = [connection.finish(protocol.RESTARTING) for connection in self._open]
        if ending:
            await asyncio.wait(ending, timeout=GOODBYE_SECONDS)


def _named(payload: Mapping[str, Any], headers: Mapping[str, str], header: str) -> str | None:
    """Return what the message says under a header's name, else that header; empty for what is no text."""
    named = next((value for name, value in payload.items() if name.lower() == header), None)
    return named if isinstance(named, str) else "" if named is not None else headers.get(header)


async def _turned_away(send: Send, error: TooManyConnections) -> None:
    """Answer the handshake as an HTTP request that is refused."""
    headers = [(name.encode(), value.encode()) for name, value in error.headers]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})
