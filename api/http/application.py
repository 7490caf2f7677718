"""The ASGI application: `/graphql` ahead of everything, then routes and pages, all observed."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Match, Route

from api.http.edge import GraphQLEdge
from api.http.health import Health
from api.http.middleware import App, Receive, Scope, Send
from api.http.schema_text import SchemaText
from api.http.socket import SocketEndpoint
from api.http.stream import EventStream, wants_stream


class Application:
    """Sends `/graphql` to its edge and everything else to Starlette, noting the route's pattern for the log."""

    def __init__(
        self,
        edge: GraphQLEdge,
        socket: SocketEndpoint,
        stream: EventStream,
        routes: Sequence[BaseRoute],
        middleware: Sequence[Middleware] = (),
    ) -> None:
        self._edge = edge
        self._socket = socket
        self._stream = stream
        self._routes = tuple(routes)
        self._rest: App = Starlette(routes=list(routes), middleware=list(middleware))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an HTTP request or a WebSocket, or take part in the server's start and stop."""
        if scope["type"] == "http" and scope["path"] == "/graphql":
            endpoint = self._stream if wants_stream(scope) else self._edge
            await endpoint(scope, receive, send)
            return
        if scope["type"] == "websocket" and scope["path"] == "/graphql":
            await self._socket(scope, receive, send)
            return
        if scope["type"] == "http":
            scope["sslm.route"] = self._pattern(scope)
        await self._rest(scope, receive, send)

    def _pattern(self, scope: Scope) -> str:
        for route in self._routes:
            if route.matches(scope)[0] is not Match.NONE:
                return str(getattr(route, "path", "unknown"))
        return "unknown"


def operator_routes(health: Health, schema_text: SchemaText) -> list[BaseRoute]:
    """Return the routes that are not pages."""
    return [
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.counted),
        Route("/schema.graphql", schema_text.serve),
    ]
