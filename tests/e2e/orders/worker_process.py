"""One worker in a process of its own, to be killed. It says "ready" when everything is loaded, and begins at a word."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

import uvloop

from api.db.urls import derive_urls
from api.issuance.authority import CaDescription
from tests.e2e.orders.stage import at_work, open_stage


async def work(told: dict[str, str]) -> None:
    urls = derive_urls(told["database_url"], database=told["database"])
    root = Path(told["root"])
    description = CaDescription(told["name"], told["directory"], root, in_flight=2, timeout_seconds=20.0)
    others = [
        CaDescription(name, directory, Path(trusted), in_flight=2, timeout_seconds=20.0)
        for name, directory, trusted in json.loads(told.get("others", "[]"))
    ]
    lease = timedelta(seconds=float(told["lease"]))
    async with (
        open_stage(urls, Path(told["keys"]), description, lease=lease) as stage,
        at_work(stage, *others, concurrency=int(told["concurrency"])),
    ):
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(json.loads(sys.stdin.readline())))
