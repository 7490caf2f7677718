"""A whole platform for orders: real databases, authority and worker. Used by e2e tests and the benchmark."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from api.certificates.advance import OrderAdvancer
from api.certificates.authorities import Authorities
from api.certificates.ca_accounts import CaAccounts
from api.certificates.notices import transparency_notice
from api.certificates.orders import CertificateOrder, OrderRules, confirm_challenges, order_certificate
from api.certificates.revocation import Revoker
from api.db.engine import open_engine
from api.db.sessions import Sessions
from api.db.urls import DatabaseUrls
from api.issuance.acme import AcmeAuthority
from api.issuance.authority import CaDescription
from api.issuance.challenges import DnsPlacement, HttpPlacement
from api.issuance.order import ChallengeType
from api.issuance.pebble_challenges import ChallengeServer
from api.jobs.orders import order_sources
from api.jobs.worker import JobWorker, WorkerTimes
from api.kit.metrics import Metrics
from api.models import CONTENT_KEY_TABLE, GOVERNANCE, ChallengeRow, OrderId, OrderRow
from api.work import Works
from governance.audit.seal import EventSealer
from governance.audit.trail import AuditTrail
from governance.clock import SystemClock
from governance.keys import ContentKeys, KeyEncryptionKeys
from tests.factories.orders import Holder, make_csr

PATIENCE = 90.0


@dataclass
class Stage:
    """The parts, wired as the composition root wires them."""

    urls: DatabaseUrls
    engine: AsyncEngine
    keys_engine: AsyncEngine
    keys: ContentKeys
    works: Works
    wrapping: KeyEncryptionKeys
    description: CaDescription
    key_folder: Path
    superuser_url: str = ""
    lease: timedelta = timedelta(seconds=20)
    clock: SystemClock = field(default_factory=SystemClock)

    @property
    def sessions(self) -> Sessions:
        return self.works.sessions

    @property
    def rules(self) -> OrderRules:
        return OrderRules(self.description, open_orders=100_000)

    async def order(
        self, holder: Holder, names: Sequence[str], challenge_type: ChallengeType = ChallengeType.HTTP_01, csr: str = ""
    ) -> OrderId:
        wanted = CertificateOrder(
            csr=csr or make_csr(names),
            challenge_type=challenge_type,
            ct_acknowledged=True,
            idempotency_key=uuid4().hex,
            ct_notice_version=transparency_notice().version,
            ca_notice_acknowledged=True,
        )
        async with self.works.open(holder.viewer) as work:
            return (await order_certificate(work, wanted, self.rules)).id

    async def read(self, order_id: OrderId) -> OrderRow:
        async with self.sessions.read() as session:
            return (await session.execute(select(OrderRow).where(OrderRow.id == order_id))).scalar_one()

    async def challenges(self, order_id: OrderId) -> list[ChallengeRow]:
        async with self.sessions.read() as session:
            found = select(ChallengeRow).where(ChallengeRow.order_id == order_id)
            return list((await session.execute(found)).scalars())

    async def until(self, order_id: OrderId, *states: str, patience: float = PATIENCE) -> OrderRow:
        """Wait until the order is in one of these states; fail when it ended in another."""
        deadline = time.monotonic() + patience
        while True:
            row = await self.read(order_id)
            if row.state in states:
                return row
            assert row.ended_at is None, (row.state, row.problem)
            assert time.monotonic() < deadline, (row.state, row.phase, row.attempts, row.polls, row.problem)
            await asyncio.sleep(0.05)

    async def place(self, holder: Holder, order_id: OrderId, server: ChallengeServer) -> None:
        """Do what a holder does: put every value of the chosen kind in its place, then say so."""
        row = await self.read(order_id)
        for each in await self.challenges(order_id):
            if each.type != row.challenge_type:
                continue
            if each.http_path is not None and each.http_content is not None:
                await asyncio.to_thread(server.place, HttpPlacement(each.http_path, each.http_content))
            elif each.dns_name is not None and each.dns_value is not None:
                await asyncio.to_thread(server.place, DnsPlacement(each.dns_name, each.dns_value))
        await self.confirm(holder, order_id)

    async def confirm(self, holder: Holder, order_id: OrderId) -> None:
        async with self.works.open(holder.viewer) as work:
            await confirm_challenges(work, order_id)

    async def obtain(
        self,
        holder: Holder,
        names: Sequence[str],
        server: ChallengeServer,
        challenge_type: ChallengeType = ChallengeType.HTTP_01,
    ) -> OrderRow:
        """Order, place if need be, and return the order when it is valid."""
        order_id = await self.order(holder, names, challenge_type)
        row = await self.until(order_id, "PENDING", "VALIDATING", "FINALIZING", "VALID")
        if row.state == "PENDING":
            await self.place(holder, order_id, server)
        return await self.until(order_id, "VALID")


def load_keys(key_folder: Path) -> KeyEncryptionKeys:
    if not key_folder.exists():
        KeyEncryptionKeys.create_epoch(key_folder, 1)
    return KeyEncryptionKeys.load(key_folder)


@asynccontextmanager
async def open_stage(
    urls: DatabaseUrls, key_folder: Path, description: CaDescription, *, pool_size: int = 10, **more: Any
) -> AsyncIterator[Stage]:
    """Open the databases; the key folder is made at first use."""
    wrapping = load_keys(key_folder)
    clock = SystemClock()
    engine = open_engine(urls.application.sqlalchemy, pool_size=pool_size)
    keys_engine = open_engine(urls.keys.sqlalchemy, pool_size=2)
    keys = ContentKeys(keys_engine, CONTENT_KEY_TABLE, wrapping, clock)
    works = Works(Sessions(engine), clock, AuditTrail(GOVERNANCE, EventSealer(keys, clock)), keys)
    try:
        yield Stage(urls, engine, keys_engine, keys, works, wrapping, description, key_folder, **more)
    finally:
        await engine.dispose()
        await keys_engine.dispose()


@dataclass
class Crew:
    """What works on orders in one process."""

    authorities: Authorities
    revoker: Revoker
    worker: JobWorker


def make_crew(stage: Stage, *others: CaDescription, concurrency: int = 8) -> Crew:
    """Make the worker of one process; needs a running loop."""
    authorities = Authorities(
        AcmeAuthority(stage.description, stage.clock), *(AcmeAuthority(each, stage.clock) for each in others)
    )
    accounts = CaAccounts(stage.sessions, stage.wrapping, stage.clock)
    advancer = OrderAdvancer(stage.works, authorities, accounts, lease=stage.lease)
    revoker = Revoker(stage.works, authorities, accounts, lease=stage.lease)
    limit = stage.lease * 0.9
    worker = JobWorker(
        url=stage.urls.application,
        sessions=stage.sessions,
        clock=stage.clock,
        sources=order_sources(advancer, revoker, lease=stage.lease, time_limit=limit),
        maintenance=None,
        metrics=Metrics(),
        concurrency=concurrency,
        times=WorkerTimes(stop_seconds=5.0),
    )
    return Crew(authorities, revoker, worker)


@asynccontextmanager
async def at_work(stage: Stage, *others: CaDescription, concurrency: int = 8) -> AsyncIterator[Crew]:
    """Run a worker beside the test."""
    crew = make_crew(stage, *others, concurrency=concurrency)
    stop = asyncio.Event()
    task = asyncio.create_task(crew.worker.run(stop))
    try:
        yield crew
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await crew.authorities.close()
