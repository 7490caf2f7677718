"""One socket, from its handshake to its end: a task that reads, and one for each operation.

The rule: whatever ends the socket says so by `close`, from wherever it is noticed; the first reason counts, and nothing
of an operation is sent after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import ExitStack, aclosing
from typing import Any, Final

import structlog

from api.db.trouble import database_is_away
from api.execution.answers import refusal
from api.http import socket_protocol as protocol
from api.http.edge import Receive, Send, stopped
from api.http.errors import TooManyOperations
from api.http.live import GONE, Caller, Live, OperationRefused
from api.http.message_rate import MessageRate
from api.http.places import TooManyConnections
from api.http.requests import asked_of
from api.http.socket_protocol import Close, Conversation
from api.viewer import Origin
from governance.errors import SafeError

Recognise = Callable[[Mapping[str, Any]], Awaitable[Caller]]
"""From the payload of `connection_init` to who is there; raises a `SafeError` for nobody."""
GOODBYE_SECONDS: Final = 2.0
_log = structlog.get_logger("api.http")


class Connection:
    """One socket. Whatever ends it says so by `close`; the first reason counts."""

    def __init__(
        self,
        live: Live,
        origin: Origin,
        recognise: Recognise,
        receive: Receive,
        send: Send,
        *,
        waiting: ExitStack,
    ) -> None:
        self._live = live
        self._origin = origin
        self._recognise = recognise
        self._receive = receive
        self.send = send
        self._waiting = waiting
        self._held = ExitStack()
        self._caller: Caller | None = None
        self._conversation = Conversation(self._live.limits.operations)
        self._rate = MessageRate(self._live.limits, self._live.clock)
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()
        loop = asyncio.get_running_loop()
        self._closing: asyncio.Future[Close] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._patience = loop.call_later(live.limits.init_seconds, self.close, protocol.INIT_TIMEOUT)

    def close(self, why: Close) -> None:
        """Have the socket closed."""
        if not self._closing.done():
            self._closing.set_result(why)

    def finish(self, why: Close) -> asyncio.Future[None]:
        """Have the socket closed; the future is done when it is."""
        self.close(why)
        return self._closed

    async def run(self) -> None:
        """Take part in the conversation until it is closed from either side."""
        ends: list[asyncio.Future[Any]] = [self._task(self._read()), self._closing]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._patience.cancel()
            await stopped(*self._tasks)
            self._held.close()
            if self._closing.done():
                await self._say_goodbye(self._closing.result())
            self._closed.set_result(None)

    async def _read(self) -> None:
        while not self._closing.done():
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if not self._rate.allows():
                self.close(protocol.TOO_MANY_MESSAGES)
                return
            text = message.get("text")
            if text is None:
                self.close(protocol.TEXT_ONLY)
            elif len(text.encode("utf-8", "surrogatepass")) > self._live.limits.message_bytes:
                self.close(protocol.TOO_LARGE)
            else:
                await self._take(self._conversation.read(text))

    async def _take(self, step: protocol.Step) -> None:
        match step:
            case Close():
                self.close(step)
            case protocol.Reply(text):
                await self._send(text)
            case protocol.Initialise(payload):
                self._patience.cancel()
                self._task(self._initialise(payload))
            case protocol.Start(operation_id, payload):
                self._operations[operation_id] = self._task(self._operate(operation_id, payload))
            case protocol.TooMany(operation_id):
                answer = refusal(TooManyOperations(self._live.limits.operations), self._origin.request_id)
                await self._send(protocol.error_message(operation_id, answer.members["errors"]))
            case protocol.Stop(operation_id):
                self._operations.pop(operation_id).cancel()

    async def _initialise(self, payload: Mapping[str, Any]) -> None:
        try:
            caller = await self._recognise(payload)
            self._held.enter_context(self._live.callers.taken(caller.key))
        except TooManyConnections:
            self.close(protocol.TRY_LATER)
        except SafeError:
            self.close(protocol.FORBIDDEN)
        else:
            self._caller = caller
            self._waiting.close()
            watching = self._live.watch.watching(caller.viewer, caller.holds, lambda _: self.close(protocol.FORBIDDEN))
            self._held.enter_context(watching)
            await self._send(self._conversation.acknowledge())

    async def _operate(self, operation_id: str, payload: Mapping[str, Any]) -> None:
        """Run one operation to its end; whatever refuses it ends it with an `error` message, and nothing else."""
        assert self._caller is not None, "operations start after the acknowledgement"
        try:
            request = await self._live.documents.request(asked_of(payload), self._caller.viewer)
            async with aclosing(self._live.answers(request, self._caller)) as answers:
                async for answer in answers:
                    await self._tell(operation_id, protocol.next_message(operation_id, answer.encode()))
                    self._live.metrics.event("socket", "sent")
            await self._end(operation_id, protocol.complete_message(operation_id))
        except GONE:
            self.close(protocol.FORBIDDEN)
        except SafeError as error:
            answer = refusal(error, self._origin.request_id)
            await self._end(operation_id, protocol.error_message(operation_id, answer.members["errors"]))
        except OperationRefused as error:
            self._live.metrics.event("socket", "refused")
            await self._end(operation_id, protocol.error_message(operation_id, error.answer.members["errors"]))

    async def _end(self, operation_id: str, text: str) -> None:
        """Send the last message of an operation; its id may be used again from then on."""
        if self._operations.get(operation_id) is asyncio.current_task():
            del self._operations[operation_id]
            self._conversation.ended(operation_id)
            await self._send(text)

    async def _tell(self, operation_id: str, text: str) -> None:
        if self._operations.get(operation_id) is asyncio.current_task():
            await self._send(text)

    async def _send(self, text: str) -> None:
        """Send one message after the other; a client that does not read is let go."""
        try:
            async with asyncio.timeout(self._live.limits.send_seconds), self._sending:
                await self.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            self.close(protocol.TRY_LATER)
        except (OSError, RuntimeError):  # what servers raise when the client has gone
            self.close(protocol.NORMAL)

    async def _say_goodbye(self, why: Close) -> None:
        self._live.metrics.socket_closed(why.code)
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.send({"type": "websocket.close", "code": why.code, "reason": why.reason})
        except (OSError, RuntimeError, TimeoutError):  # it has gone already
            return

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """End the socket, not the process, on a fault of ours."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the edge of a connection: nothing may pass unseen
            away = database_is_away(error)
            _log.exception("socket_failed", error=type(error).__name__, request_id=self._origin.request_id)
            self.close(protocol.TRY_LATER if away else protocol.BROKEN)
