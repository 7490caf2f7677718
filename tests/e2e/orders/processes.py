"""Worker processes: one at work and one in reserve, so that a killed one is followed at once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from api.issuance.authority import CaDescription
from tests.e2e.orders.stage import Stage

ROOT = Path(__file__).parents[3]


class Workers:
    """Starts and kills; what it is told goes to each process."""

    def __init__(self, told: dict[str, str]) -> None:
        self._told = json.dumps(told).encode() + b"\n"
        self._reserve: asyncio.Task[asyncio.subprocess.Process] | None = None
        self._working: asyncio.subprocess.Process | None = None
        self.killed = 0

    @property
    def pid(self) -> int:
        assert self._working is not None
        return self._working.pid

    async def start(self) -> None:
        """Let the reserve work and call up the next."""
        self._working = await (self._reserve or _load())
        assert self._working.stdin is not None
        self._working.stdin.write(self._told)
        await self._working.stdin.drain()
        self._reserve = asyncio.create_task(_load())

    async def kill(self) -> None:
        """Kill -9: nothing is told to anybody, nothing is flushed."""
        assert self._working is not None
        os.kill(self._working.pid, signal.SIGKILL)
        await self._working.wait()
        self.killed += 1

    async def close(self) -> None:
        reserve = [await self._reserve] if self._reserve is not None else []
        for process in (self._working, *reserve):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()


async def _load() -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.e2e.orders.worker_process",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


@asynccontextmanager
async def workers(stage: Stage, *others: CaDescription, concurrency: int = 4) -> AsyncIterator[Workers]:
    """Open with one at work."""
    crew = Workers(
        {
            "database_url": stage.superuser_url,
            "database": stage.urls.application.database,
            "name": stage.description.name,
            "root": str(stage.description.trusted_root_path),
            "directory": stage.description.directory_url,
            "keys": str(stage.key_folder),
            "lease": str(stage.lease.total_seconds()),
            "concurrency": str(concurrency),
            "others": json.dumps([[each.name, each.directory_url, str(each.trusted_root_path)] for each in others]),
        }
    )
    try:
        await crew.start()
        yield crew
    finally:
        await crew.close()
