"""Whole one-name orders through one worker process: ordered, placed, validated, finalized, stored step by step.

Real PostgreSQL, real Pebbles without their sleeps, at most two requests at a time for each. Prints orders per second
and CPU per order of the worker, of PostgreSQL and of the rest. `python -m bench.orders [orders] [rounds] [pebbles]`
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from api.db.migrations import upgrade
from api.issuance.authority import CaDescription
from api.issuance.challenges import HttpPlacement
from api.issuance.pebble import Pebble
from api.models import OrderId
from bench.processor import cluster_pids, cpu_seconds, parent_of
from tests.e2e.orders.processes import Workers, workers
from tests.e2e.orders.stage import Stage, open_stage
from tests.factories.orders import Holder, make_csr, make_holder
from tests.support.database import Cluster, running_cluster, sweep

_PENDING = """
select o.id, o.authority, c.http_path, c.http_content from certificate_order o
join order_challenge c on c.order_id = o.id and c.type = 'HTTP_01'
where o.state = 'PENDING' and o.placed_at is null and o.account_id = $1
"""
_OPEN = "select count(*) from certificate_order where ended_at is null and account_id = $1"
_INVALID = "select problem from certificate_order where state = 'INVALID' limit 1"


@dataclass(frozen=True)
class Round:
    """What one round took."""

    per_second: float
    worker_ms: float
    postgres_ms: float
    pebble_ms: float
    holder_ms: float


class Bench:
    """One database, some Pebbles, one worker process."""

    def __init__(self, stage: Stage, pebbles: Sequence[Pebble], crew: Workers, watch: asyncpg.Connection) -> None:
        self._stage, self._pebbles, self._crew, self._watch = stage, pebbles, crew, watch
        self._servers = {f"Pebble {number}": pebble for number, pebble in enumerate(pebbles)}

    async def run(self, orders: int, number: int) -> Round:
        names = [f"o{each}.r{number}.bench.example.com" for each in range(orders)]
        holder = await make_holder(self._stage, *names, notify=False)
        server = parent_of(await self._watch.fetchval("select pg_backend_pid()"))
        requests = [make_csr([name]) for name in names]
        placing = asyncio.create_task(self._place(holder))
        groups = (
            [self._crew.pid],
            cluster_pids(server),
            [p for each in self._pebbles for p in each.pids],
            [os.getpid()],
        )
        before = [cpu_seconds(group) for group in groups]
        began = time.monotonic()
        for each, (name, csr) in enumerate(zip(names, requests, strict=True)):
            await self._order(holder, name, csr, each)
        while await self._watch.fetchval(_OPEN, holder.account_id):  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        groups = (groups[0], cluster_pids(server), *groups[2:])
        used = [(cpu_seconds(group) - spent) * 1000 / orders for group, spent in zip(groups, before, strict=True)]
        placing.cancel()
        refused = await self._watch.fetchval(_INVALID)
        if refused is not None:
            raise SystemExit(f"an order ended without a certificate: {refused}")
        return Round(orders / took, *used)

    async def _order(self, holder: Holder, name: str, csr: str, each: int) -> OrderId:
        description = replace(self._stage.description, name=f"Pebble {each % len(self._pebbles)}")
        return await replace(self._stage, description=description).order(holder, [name], csr=csr)

    async def _place(self, holder: Holder) -> None:
        """Be the holder: place what is pending, say so."""
        connection = await asyncpg.connect(self._stage.urls.application.plain)
        try:
            while True:
                pending = await connection.fetch(_PENDING, holder.account_id)
                await asyncio.gather(*(self._prove(holder, *row) for row in pending))
                await asyncio.sleep(0.05)
        finally:
            await connection.close()

    async def _prove(self, holder: Holder, order_id: UUID, authority: str, path: str, content: str) -> None:
        server = self._servers[authority].challenges
        await asyncio.to_thread(server.place, HttpPlacement(path, content))
        await self._stage.confirm(holder, OrderId(order_id))


def _descriptions(pebbles: Sequence[Pebble]) -> list[CaDescription]:
    return [replace(pebble.description(), name=f"Pebble {number}") for number, pebble in enumerate(pebbles)]


def _lines(rounds: Sequence[Round]) -> Iterator[str]:
    for title, values in (
        ("orders per second", [each.per_second for each in rounds]),
        ("worker CPU ms per order", [each.worker_ms for each in rounds]),
        ("PostgreSQL CPU ms per order", [each.postgres_ms for each in rounds]),
        ("Pebble CPU ms per order", [each.pebble_ms for each in rounds]),
        ("holder CPU ms per order", [each.holder_ms for each in rounds]),
    ):
        yield f"{title:<28} min {min(values):7.1f}   median {statistics.median(values):7.1f}   max {max(values):7.1f}"


async def main(cluster: Cluster, orders: int, rounds: int, pebble_count: int) -> None:
    with ExitStack() as opened:
        pebbles = [opened.enter_context(Pebble()) for _ in range(pebble_count)]
        urls = opened.enter_context(cluster.fresh())
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "epochs"
        first, *others = _descriptions(pebbles)
        lease = timedelta(minutes=2)
        async with (
            open_stage(urls, folder, first, superuser_url=cluster.superuser_url, lease=lease) as stage,
            workers(stage, *others, concurrency=2 * pebble_count) as crew,
        ):
            watch = await asyncpg.connect(urls.application.plain)
            bench = Bench(stage, pebbles, crew, watch)
            await bench.run(4 * pebble_count, 0)
            done = [await bench.run(orders, number + 1) for number in range(rounds)]
            await watch.close()
    print(f"{orders} one-name orders, {rounds} rounds, {pebble_count} Pebbles, one worker process")
    print("\n".join(_lines(done)))


if __name__ == "__main__":
    told = [int(argument) for argument in sys.argv[1:]]
    try:
        with running_cluster(upgrade) as cluster:
            asyncio.run(main(cluster, *(told + [100, 5, 3][len(told) :])))
    finally:
        sweep()
