"""Stop a request whose caller has left or whose time is up, at the price of one timer for those that end at once.

The rule: the work runs in the request's own task. Nothing watches it for the first moments, which nearly every request
ends in; only then is the connection listened to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self

from api.http.body import ClientLeft

Receive = Callable[[], Awaitable[Any]]
UNWATCHED_SECONDS: Final = 0.05


async def left(receive: Receive) -> None:
    """Return when the caller has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Presence:
    """One request's stay: `limit` bounds a step that waits for the caller, `watch` ends with the caller.

    What is stopped is cancelled, and leaves the block as the error that was named, or as `ClientLeft`.
    """

    __slots__ = (
        "_begun",
        "_cancelling",
        "_error",
        "_loop",
        "_reason",
        "_receive",
        "_seconds",
        "_task",
        "_timer",
        "_watcher",
    )

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._begun = False
        self._seconds: float | None = None
        self._error: Exception = ClientLeft()
        self._reason: Exception | None = None
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a presence needs a task to stop")
        self._task = task
        self._cancelling = task.cancelling()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(UNWATCHED_SECONDS, self._begin)
        return self

    def limit(self, seconds: float, error: Exception) -> None:
        """From here on stop after `seconds`, counted from when it was seen that this takes long."""
        self._seconds, self._error = seconds, error
        if self._begun:
            self._arm()

    def watch(self) -> None:
        """From here on stop when the caller leaves."""
        self._seconds = None
        if self._begun:
            self._arm()

    def _begin(self) -> None:
        self._begun = True
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._seconds is None:
            self._watcher = self._loop.create_task(self._listen())
        else:
            self._timer = self._loop.call_later(self._seconds, self._stop, self._error)

    async def _listen(self) -> None:
        await left(self._receive)
        self._stop(ClientLeft())

    def _stop(self, reason: Exception) -> None:
        if self._reason is None:
            self._reason = reason
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._reason is None:
            return
        others = self._task.uncancel() > self._cancelling
        if kind is asyncio.CancelledError and not others:
            raise self._reason from None
