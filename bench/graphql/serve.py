"""Serve one of the Python competitors: `python -m bench.graphql.serve MODULE ADDRESS CALLERS PORT`.

All run alike: uvicorn, one process, uvloop and httptools, no access log.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path

import uvicorn
import uvloop

from bench.graphql.data import read_callers


async def serve(module: str, database: str, callers: Path, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    opened = importlib.import_module(f"bench.graphql.servers.{module}").application(database, read_callers(callers))
    async with opened as application:
        config = uvicorn.Config(
            application, port=port, http="httptools", access_log=False, log_level="warning", lifespan="off", ws="none"
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    told_module, told_database, told_callers, told_port = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(told_module, told_database, Path(told_callers), int(told_port)))
