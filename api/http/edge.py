"""The `/graphql` endpoint: bounded read, media types, viewer, cross-site check, run, answer.

It speaks ASGI directly: a request costs no framework layer and no task of its own, and every refusal has one shape,
with a code and a request id that is in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import structlog

from api.db.trouble import database_is_away
from api.execution.answers import Answer, internal_entry, refusal
from api.execution.read import Context
from api.execution.run import Request, Runner
from api.http.body import ClientLeft, read_body, too_large
from api.http.cors import Cors
from api.http.documents import Documents
from api.http.errors import MethodNotAllowed, PreflightRequired, RequestRefused, RequestTooSlow
from api.http.media import GRAPHQL_JSON, JSON, check_content_type, choose
from api.http.origin import headers_of
from api.http.presence import Presence
from api.http.rate_limit import headers as rate_limit
from api.http.requests import Asked, parse_asked, parse_query
from api.http.statuses import Statuses, media_of, status_of_answer, status_of_refusal
from api.http.viewers import ViewerReader
from api.kit.errors import Unavailable
from api.viewer import Origin, Role, Viewer
from governance.errors import SafeError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[str, str]]

BODY_LIMIT: Final = 1280 << 10
ANONYMOUS_BODY_LIMIT: Final = 64 << 10
"""What somebody unknown may have us look through; sign-up and sign-in need a hundredth of it."""
ADDRESS_LIMIT: Final = 32 << 10
_BODY_SECONDS: Final = 20.0
_VIEWER_SECONDS: Final = 10.0
_UNAUTHORIZED: Final = 401
_PREFLIGHT_HEADER: Final = "graphql-require-preflight"
FIXED_HEADERS: Final = (
    ("cache-control", "no-store"),
    ("vary", "Accept, Authorization, Cookie, Origin, Sslm-Act-For"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
_FIXED: Final = [(name.encode(), value.encode()) for name, value in FIXED_HEADERS]
_CONTENT_TYPE: Final = {media: (b"content-type", f"{media}; charset=utf-8".encode()) for media in (JSON, GRAPHQL_JSON)}
_ALLOW: Final = (("allow", "GET, POST, OPTIONS"),)
_ALLOW_CHANGES: Final = ("allow", "POST, OPTIONS")
_log = structlog.get_logger("api.http")
_STATUS: Final = {
    "CREDENTIAL_REFUSED": 401,
    "GRANT_REFUSED": 403,
    "REQUEST_FORGED": 403,
    "AUDIT_UNAVAILABLE": 503,
    "UNAVAILABLE": 503,
}


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
    documents: Documents = field(default_factory=Documents)
    statuses: Statuses = Statuses.AUDITED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that left gets nothing."""
        headers = scope.get("sslm.headers") or headers_of(scope)
        origin: Origin = scope["sslm.origin"]
        scope["sslm.route"] = "/graphql"
        extra = [("x-request-id", origin.request_id), *self.cors.headers(headers)]
        if scope["method"] == "OPTIONS":
            await send_answer(send, 204, b"", "", [*extra, *self.cors.preflight(headers)])
            return
        media = JSON
        try:
            media = choose(headers.get("accept", ""))
            with Presence(receive) as presence:
                request, viewer = await self._read(scope, headers, origin, receive, presence)
                context = self.make_context(viewer, headers)
                presence.watch()
                answer = await self.runner.run(request, context)
            status = status_of_answer(answer, media, self.statuses)
            extra += [("set-cookie", cookie) for cookie in context.set_cookies]
        except ClientLeft:
            return
        except Exception as error:  # noqa: BLE001 - the database may be gone; the answer has its one shape all the same
            answer, status, more = refused(error, origin.request_id, media, self.statuses)
            extra += more
        if status == MethodNotAllowed.status and answer.code:
            extra += [] if any(name == "allow" for name, _ in extra) else [_ALLOW_CHANGES]
        extra += rate_limit(answer.cost.balance) if answer.cost is not None else []
        await send_answer(send, status, answer.encode(), media_of(media, status, self.statuses), extra)

    async def read(
        self, scope: Scope, headers: dict[str, str], origin: Origin, receive: Receive
    ) -> tuple[Request, Viewer]:
        """Read a request and who sends it; raises what `refused` puts into words, or `ClientLeft`."""
        with Presence(receive) as presence:
            return await self._read(scope, headers, origin, receive, presence)

    async def _read(
        self, scope: Scope, headers: dict[str, str], origin: Origin, receive: Receive, presence: Presence
    ) -> tuple[Request, Viewer]:
        if scope["method"] == "POST":
            check_content_type(headers.get("content-type", ""))
            presence.limit(
                _BODY_SECONDS, RequestTooSlow("The body did not arrive in time, so nothing ran. Send it again.")
            )
            body = await read_body(receive, headers.get("content-length", ""), BODY_LIMIT)
            asked = parse_asked(body)
        elif scope["method"] == "GET":
            body = scope.get("query_string", b"")
            asked = _asked_by_get(body, headers)
        else:
            raise MethodNotAllowed("Send GraphQL requests by POST, queries by GET too. Nothing ran.", headers=_ALLOW)
        presence.limit(_VIEWER_SECONDS, TimeoutError())
        viewer = await self.viewers.read(headers, origin)
        if viewer.role is Role.ANONYMOUS and len(body) > ANONYMOUS_BODY_LIMIT:
            raise too_large(ANONYMOUS_BODY_LIMIT)
        return await self.documents.request(asked, viewer, queries_only=scope["method"] == "GET"), viewer


def _asked_by_get(query: bytes, headers: dict[str, str]) -> Asked:
    """Return what is asked by GET; a browser sends that for any page, so a cookie alone is no reason to answer."""
    if len(query) > ADDRESS_LIMIT:
        raise too_large(ADDRESS_LIMIT)
    asked = parse_query(query) if headers.get("authorization") or _PREFLIGHT_HEADER in headers else None
    if asked is None or not (headers.get("authorization") or asked.document_id is not None):
        raise PreflightRequired(
            "By GET come queries with an API token, and trusted documents with the header GraphQL-Require-Preflight. "
            "This is neither, so nothing ran. Send it by POST."
        )
    return asked


def refused(
    error: Exception, request_id: str, media: str = GRAPHQL_JSON, statuses: Statuses = Statuses.AUDITED
) -> tuple[Answer, int, Headers]:
    """Return the answer to a request that could not be taken, its status, and the headers that belong to it."""
    if isinstance(error, RequestRefused):
        return refusal(error, request_id), status_of_refusal(error, statuses), list(error.headers)
    if isinstance(error, SafeError):
        answer = refusal(error, request_id)
        status = _STATUS.get(error.code) or status_of_answer(answer, media, statuses)
        return answer, status, [("www-authenticate", "Bearer")] if status == _UNAUTHORIZED else []
    _log.exception("request_failed", error=type(error).__name__, request_id=request_id)
    if database_is_away(error):
        return refusal(Unavailable(), request_id), 503, []
    return Answer({"errors": [internal_entry(request_id)]}, ran=False), 500, []


async def stopped(*tasks: asyncio.Future[Any]) -> None:
    """Cancel what still runs, and wait for its end."""
    for task in tasks:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        elif not task.cancelled():
            task.exception()  # looked at, so that nobody warns of it


async def send_answer(send: Send, status: int, body: bytes, media: str, extra: Headers) -> None:
    """Send a whole answer."""
    headers = [*_FIXED, (b"content-length", b"%d" % len(body))]
    if media:
        headers.append(_CONTENT_TYPE[media])
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
