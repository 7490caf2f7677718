"""The `/graphql` endpoint: bounded read, media types, viewer, cross-site check, run, answer.

It speaks ASGI directly: a request costs no framework layer, and every refusal has one shape, with a code and a request
id that is in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from api.db.trouble import database_is_away
from api.execution.answers import Answer, internal_entry, refusal
from api.execution.read import Context
from api.execution.run import Request, Runner
from api.http.body import ClientLeft, parse_request, read_body, too_large
from api.http.cors import Cors
from api.http.errors import MethodNotAllowed, RequestRefused
from api.http.media import GRAPHQL_JSON, JSON, check_content_type, choose
from api.http.origin import headers_of
from api.http.rate_limit import headers as rate_limit
from api.http.rate_limit import status_of
from api.http.viewers import ViewerReader
from api.kit.errors import Unavailable
from api.viewer import Origin, Role, Viewer
from governance.errors import SafeError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_LIMIT: Final = 1280 << 10
ANONYMOUS_BODY_LIMIT: Final = 64 << 10
_VIEWER_SECONDS: Final = 10.0
"""What somebody unknown may have us look through; sign-up and sign-in need a hundredth of it."""
_UNAUTHORIZED: Final = 401
FIXED_HEADERS: Final = (
    ("cache-control", "no-store"),
    ("vary", "Accept, Authorization, Cookie, Origin, Sslm-Act-For"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
_log = structlog.get_logger("api.http")
_STATUS_OF_ANSWER: Final = {"SUBSCRIPTION_NEEDS_STREAM": 406}
_STATUS: Final = {"CREDENTIAL_REFUSED": 401, "GRANT_REFUSED": 403, "REQUEST_FORGED": 403, "AUDIT_UNAVAILABLE": 503}


class EdgeContext(Context, Protocol):
    """The context of an operation, with the cookies its mutations want set."""

    set_cookies: list[str]


MakeContext = Callable[[Viewer, dict[str, str]], EdgeContext]


@dataclass(frozen=True, slots=True)
class GraphQLEdge:
    """The ASGI application behind `/graphql`."""

    runner: Runner
    viewers: ViewerReader
    make_context: MakeContext
    cors: Cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that left gets nothing."""
        headers = headers_of(scope)
        origin: Origin = scope["sslm.origin"]
        scope["sslm.route"] = "/graphql"
        extra = [("x-request-id", origin.request_id), *self.cors.headers(headers)]
        if scope["method"] == "OPTIONS":
            await send_answer(send, 204, b"", "", [*extra, *self.cors.preflight(headers)])
            return
        media = JSON
        try:
            media = choose(headers.get("accept", ""))
            answer, cookies = await self._answer(scope, headers, origin, receive)
            status = _STATUS_OF_ANSWER.get(answer.code) or status_of(
                answer.code, 200 if answer.ran or media == JSON else 400
            )
            extra += [("set-cookie", cookie) for cookie in cookies]
        except ClientLeft:
            return
        except Exception as error:  # noqa: BLE001 - the database may be gone; the answer has its one shape all the same
            answer, status, more = refused(error, origin.request_id)
            extra += more
        extra += rate_limit(answer.cost.balance) if answer.cost is not None else []
        await send_answer(send, status, answer.encode(), media, extra)

    async def _answer(
        self, scope: Scope, headers: dict[str, str], origin: Origin, receive: Receive
    ) -> tuple[Answer, list[str]]:
        request, viewer = await self.read(scope, headers, origin, receive)
        context = self.make_context(viewer, headers)
        answer = await self._while_connected(request, context, receive)
        return answer, context.set_cookies

    async def read(
        self, scope: Scope, headers: dict[str, str], origin: Origin, receive: Receive
    ) -> tuple[Request, Viewer]:
        """Read a request and who sends it; raises what `refused` puts into words, or `ClientLeft`."""
        if scope["method"] != "POST":
            raise MethodNotAllowed("Send GraphQL requests by POST. Nothing ran.", headers=(("allow", "POST, OPTIONS"),))
        check_content_type(headers.get("content-type", ""))
        body = await read_body(receive, headers.get("content-length", ""), BODY_LIMIT)
        request = parse_request(body)
        async with asyncio.timeout(_VIEWER_SECONDS):
            viewer = await self.viewers.read(headers, origin)
        if viewer.role is Role.ANONYMOUS and len(body) > ANONYMOUS_BODY_LIMIT:
            raise too_large(ANONYMOUS_BODY_LIMIT)
        return request, viewer

    async def _while_connected(self, request: Request, context: EdgeContext, receive: Receive) -> Answer:
        """Run the request; stop it, undoing what was not committed, when the caller leaves."""
        running = asyncio.ensure_future(self.runner.run(request, context))
        leaving = asyncio.ensure_future(left(receive))
        try:
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise ClientLeft
            return running.result()
        finally:
            await stopped(running, leaving)


def refused(error: Exception, request_id: str) -> tuple[Answer, int, list[tuple[str, str]]]:
    """Return the answer to a request that could not be taken, its status, and the headers that belong to it."""
    if isinstance(error, RequestRefused):
        return refusal(error, request_id), error.status, list(error.headers)
    if isinstance(error, SafeError):
        status = _STATUS.get(error.code, 400)
        return refusal(error, request_id), status, [("www-authenticate", "Bearer")] if status == _UNAUTHORIZED else []
    _log.exception("request_failed", error=type(error).__name__, request_id=request_id)
    if database_is_away(error):
        return refusal(Unavailable(), request_id), 503, []
    return Answer({"errors": [internal_entry(request_id)]}, ran=False), 500, []


async def left(receive: Receive) -> None:
    """Return when the caller has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def stopped(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what still runs, and wait for its end."""
    for task in tasks:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        elif not task.cancelled():
            task.exception()  # looked at, so that nobody warns of it


async def send_answer(send: Send, status: int, body: bytes, media: str, extra: list[tuple[str, str]]) -> None:
    """Send a whole answer."""
    content_type = [("content-type", f"{media}; charset=utf-8")] if media in {JSON, GRAPHQL_JSON} else []
    pairs = [*FIXED_HEADERS, *content_type, ("content-length", str(len(body))), *extra]
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
