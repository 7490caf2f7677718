"""Around every request: one log record, one count, and the security headers. Pure ASGI.

The record holds the route's pattern, never the path or its query; the address is cut to its network (clause 1.4-a).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

import structlog

from api.http.origin import Origins, headers_of
from api.kit.metrics import Metrics
from api.kit.request_record import RequestRecords
from governance.clock import Clock

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UNKNOWN_ROUTE: Final = "unknown"
Header = tuple[bytes, bytes]
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_log = structlog.get_logger("api.http")


class Observed:
    """Logs and counts requests, and adds what every answer must carry."""

    def __init__(self, app: App, metrics: Metrics, clock: Clock, *, trusted: frozenset[str], https: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._origins = Origins(trusted, clock)
        self._records = RequestRecords(clock)
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a fault below becomes a plain 500 that says nothing of its cause."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["sslm.headers"] = headers_of(scope)
        origin = scope["sslm.origin"] = self._origins.of(scope, headers)
        began = time.perf_counter()
        status = 0

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._completed(message.get("headers", ()))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the outermost edge; nothing raw may pass
            _log.exception("request_failed", error=type(error).__name__, request_id=origin.request_id)
            if status == 0:
                await _fault(watched, origin.request_id)
        finally:
            seconds = time.perf_counter() - began
            route = str(scope.get("sslm.route", UNKNOWN_ROUTE))
            self._metrics.request(route, status, seconds)
            self._records.write(
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                address=origin.address,
                request_id=origin.request_id,
            )

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a WebSocket on, and log its end: how long it was open, and who closed it with which code."""
        origin = self._origins.of(scope, headers_of(scope))
        scope["sslm.origin"] = origin
        began = time.perf_counter()
        close_code = 0

        async def heard() -> Any:
            nonlocal close_code
            message = await receive()
            if message["type"] == "websocket.disconnect":
                close_code = close_code or message.get("code", 0)
            return message

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal close_code
            if message["type"] == "websocket.close":
                close_code = message.get("code", 0)
            await send(message)

        try:
            await self._app(scope, heard, watched)
        except Exception as error:  # noqa: BLE001 - the outermost edge; nothing raw may pass
            _log.exception("socket_failed", error=type(error).__name__, request_id=origin.request_id)
        finally:
            _log.info(
                "socket",
                route=str(scope.get("sslm.route", UNKNOWN_ROUTE)),
                close_code=close_code,
                milliseconds=round((time.perf_counter() - began) * 1000, 1),
                address=origin.address,
                request_id=origin.request_id,
            )

    def _completed(self, given: Iterable[Header]) -> list[Header]:
        headers = list(given)
        if _NO_SNIFFING not in headers and all(name.lower() != _NO_SNIFFING[0] for name, _ in headers):
            headers.append(_NO_SNIFFING)
        if self._https:
            headers.append(_HSTS)
        return headers


async def _fault(send: Send, request_id: str) -> None:
    body = f"Something broke on our side. If it happens again, tell support this number: {request_id}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
