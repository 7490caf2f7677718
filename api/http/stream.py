"""Events over a plain HTTP answer that stays open: GraphQL over Server-Sent Events, distinct connections mode.

The rule: an answer is a stream only where the caller prefers one. Clients that name `text/event-stream` behind JSON on
every request (urql does) get JSON; a subscription sent that way is refused with 406 by the runner, not run as a query.
https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from api.execution.answers import Answer, refusal
from api.execution.run import Request
from api.http.body import ClientLeft
from api.http.edge import FIXED_HEADERS, GraphQLEdge, Receive, Scope, Send, refused, send_answer, stopped
from api.http.live import GONE, Caller, Live, OperationRefused
from api.http.media import GRAPHQL_JSON, JSON, weighted
from api.http.origin import headers_of
from api.http.presence import left
from api.kit.errors import AccessDenied
from api.viewer import Origin

STREAM: Final = "text/event-stream"
_ALIVE: Final = b":\n\n"
_COMPLETE: Final = b"event: complete\ndata:\n\n"
_GOODBYE_SECONDS: Final = 2.0


def wants_stream(scope: Mapping[str, Any]) -> bool:
    """Tell whether a POST prefers an event stream to JSON: by weight, then by what is named first."""
    if scope["method"] != "POST":
        return False
    accept = (scope.get("sslm.headers") or headers_of(scope)).get("accept", "")
    if STREAM not in accept.lower():  # nearly every request
        return False
    named = [(name, weight) for name, weight in weighted(accept) if name in {STREAM, JSON, GRAPHQL_JSON} and weight > 0]
    return bool(named) and max(named, key=lambda one: one[1])[0] == STREAM


@dataclass(frozen=True, slots=True)
class EventStream:
    """The ASGI application behind `/graphql` for whoever prefers an event stream."""

    live: Live
    edge: GraphQLEdge
    _open: set[Stream] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is wrong with it as HTTP is answered as JSON, everything else in the stream."""
        headers = headers_of(scope)
        origin: Origin = scope["sslm.origin"]
        scope["sslm.route"] = "/graphql (stream)"
        extra = [("x-request-id", origin.request_id), *self.edge.cors.headers(headers)]
        with ExitStack() as held:
            try:
                request, viewer = await self.edge.read(scope, headers, origin, receive)
                caller = Caller(viewer, headers, lambda now: self.edge.viewers.read(headers, now))
                held.enter_context(self.live.everybody.taken("process"))
                held.enter_context(self.live.callers.taken(caller.key))
            except ClientLeft:
                return
            except Exception as error:  # noqa: BLE001 - the answer has its one shape whatever it was
                answer, status, more = refused(error, origin.request_id)
                await send_answer(send, status, answer.encode(), JSON, [*extra, *more])
                return
            stream = Stream(self.live, caller, receive, send)
            held.enter_context(self.live.watch.watching(viewer, caller.holds, stream.forbid))
            await self._serve(stream, request, extra)

    async def _serve(self, stream: Stream, request: Request, extra: list[tuple[str, str]]) -> None:
        self._open.add(stream)
        self.live.metrics.connection("stream", 1)
        try:
            await stream.run(request, extra)
        finally:
            self._open.discard(stream)
            self.live.metrics.connection("stream", -1)

    async def close(self) -> None:
        """End every stream, because the process stops, and begin no more; clients connect again elsewhere."""
        self.live.everybody.shut()
        ending = [stream.finish() for stream in self._open]
        if ending:
            await asyncio.wait(ending, timeout=_GOODBYE_SECONDS)


class Stream:
    """One open answer."""

    def __init__(self, live: Live, caller: Caller, receive: Receive, send: Send) -> None:
        self._live = live
        self._caller = caller
        self._receive = receive
        self._send = send
        self._sending = asyncio.Lock()
        loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[bytes] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()

    def forbid(self, reason: AccessDenied) -> None:
        """End the stream, because the caller's credential or grant has ended."""
        self._end(self._next(refusal(reason, self._caller.viewer.origin.request_id)) + _COMPLETE)

    def finish(self) -> asyncio.Future[None]:
        """End the stream without `complete`, so that the client comes back; the future is done when it has ended."""
        self._end(b"")
        return self._ended

    async def run(self, request: Request, extra: list[tuple[str, str]]) -> None:
        """Send events until the operation ends, the caller leaves, or the stream is ended."""
        tasks: list[asyncio.Future[Any]] = []
        try:
            await self._begin(extra)
            work = (self._answer(request), self._stay_alive(), left(self._receive))
            tasks += [asyncio.ensure_future(self._while_read(one)) for one in work]
            await asyncio.wait([*tasks, self._ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stopped(*tasks)
            await self._while_read(self._write(self._ending.result() if self._ending.done() else b"", last=True))
            self._ended.set_result(None)

    async def _while_read(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, and stop quietly where the client has gone or does not read."""
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await work

    async def _begin(self, extra: list[tuple[str, str]]) -> None:
        pairs = [*FIXED_HEADERS, ("content-type", f"{STREAM}; charset=utf-8"), ("x-accel-buffering", "no"), *extra]
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._write(_ALIVE)

    async def _answer(self, request: Request) -> None:
        try:
            async with aclosing(self._live.answers(request, self._caller)) as answers:
                async for answer in answers:
                    await self._write(self._next(answer))
                    self._live.metrics.event("stream", "sent")
            self._end(_COMPLETE)
        except GONE as error:
            self.forbid(error)
        except OperationRefused as error:
            self._live.metrics.event("stream", "refused")
            self._end(self._next(error.answer) + _COMPLETE)

    def _next(self, answer: Answer) -> bytes:
        return b"event: next\ndata: " + answer.encode() + b"\n\n"

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.sleep(self._live.limits.comment_seconds)
            await self._write(_ALIVE)

    def _end(self, last: bytes) -> None:
        if not self._ending.done():
            self._ending.set_result(last)

    async def _write(self, body: bytes, *, last: bool = False) -> None:
        """Send bytes one after the other; raise where the client does not read them in time."""
        async with asyncio.timeout(self._live.limits.send_seconds), self._sending:
            await self._send({"type": "http.response.body", "body": body, "more_body": not last})
