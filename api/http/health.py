"""Is the process alive, can it serve, what has it counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.http.origin import canonical
from api.kit.metrics import CONTENT_TYPE, Metrics, render

_CHECK_SECONDS: Final = 2.0
_PASSED_ON: Final = ("x-forwarded-for", "x-real-ip", "forwarded", "via")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
Check = Callable[[], Awaitable[None]]


class Health:
    """The three endpoints for operators' tools. None of them tells anything about anybody."""

    def __init__(self, checks: Mapping[str, Check], metrics: Metrics | None, trusted: frozenset[str]) -> None:
        self._checks = checks
        self._metrics = metrics
        self._readers = frozenset(map(canonical, trusted)) - {""} | _LOOPBACK

    async def alive(self, _request: Request) -> Response:
        """Answer while the process runs its loop."""
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def ready(self, _request: Request) -> Response:
        """Answer 200 when every part this process needs works now, else 503 naming the parts that do not."""
        failing = [name for name, works in zip(self._checks, await self._run(), strict=True) if not works]
        body = {"status": "unavailable" if failing else "ok", "failing": failing}
        return JSONResponse(body, 503 if failing else 200, headers={"cache-control": "no-store"})

    async def counted(self, request: Request) -> Response:
        """Show the metrics to loopback and trusted hosts; to anybody else this page does not exist.

        A request that a proxy passed on comes from somewhere else, whatever its connection says.
        """
        peer = canonical(request.client.host) if request.client else ""
        passed_on = any(name in request.headers for name in _PASSED_ON)
        if self._metrics is None or passed_on or peer not in self._readers:
            return Response("Not found\n", 404, media_type="text/plain")
        return Response(render(self._metrics.registry), headers={"content-type": CONTENT_TYPE})

    async def _run(self) -> list[bool]:
        return list(await asyncio.gather(*(self._holds(check) for check in self._checks.values())))

    async def _holds(self, check: Check) -> bool:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await check()
        except Exception:  # noqa: BLE001 - whatever fails, the part is not ready
            return False
        return True
