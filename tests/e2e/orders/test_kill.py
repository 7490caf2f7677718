"""Kill -9 of the worker at every state of an order; whatever it was doing, one certificate comes of each order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.issuance.pebble import Pebble
from api.models import CertificateRow, OrderId, OrderRow
from tests.e2e.orders.conftest import OpenStage
from tests.e2e.orders.processes import Workers, workers
from tests.e2e.orders.stage import Stage
from tests.e2e.orders.wire import Sent, Wire, wire_to
from tests.factories.orders import make_holder

LEASE = timedelta(seconds=1.5)
IN_STATE = (("REQUESTED", 2), ("VALIDATING", 2), ("FINALIZING", 2))
"""Killed at the n-th request that leaves while the order is stored in this state."""
ON_THE_WIRE = (
    ("newOrder", 1), ("authorization", 1), ("authorization", 2), ("challenge", 1), ("challenge", 2), ("finalize", 1),
    ("order", 1), ("certificate", 1),
)  # fmt: skip
"""Killed at the n-th request of a kind: once before the authority sees it, once before its answer arrives."""


@dataclass
class Trap:
    """Kills the worker at one request."""

    crew: Workers
    kind: str
    number: int
    sprung: int = 0
    seen: int = 0

    async def __call__(self, sent: Sent) -> bool:
        self.seen += sent.kind == self.kind
        if self.sprung or sent.kind != self.kind or self.seen != self.number:
            return False
        self.sprung = 1
        await self.crew.kill()
        await self.crew.start()
        return True


@dataclass
class StateTrap:
    """Kills the worker at a request that leaves while the newest order is in one state."""

    crew: Workers
    stage: Stage
    state: str
    number: int
    sprung: int = 0
    seen: int = 0

    async def __call__(self, sent: Sent) -> bool:
        newest = select(OrderRow.state).order_by(OrderRow.created_at.desc()).limit(1)
        async with self.stage.sessions.read() as session:
            self.seen += (await session.execute(newest)).scalar_one_or_none() == self.state
        if self.sprung or self.seen != self.number:
            return False
        self.sprung = 1
        await self.crew.kill()
        await self.crew.start()
        return True


@pytest.mark.timeout(400)
async def test_every_order_ends_issued_once_although_the_worker_is_killed_twenty_times(
    stage_at: OpenStage, tmp_path: Path
) -> None:
    with Pebble() as pebble:
        async with (
            wire_to(pebble, tmp_path) as wire,
            stage_at(wire.description(), lease=LEASE) as stage,
            workers(stage) as crew,
        ):
            story = _Story(stage, pebble, wire, crew)
            await story.killed_while_pending()
            for state, number in IN_STATE:
                await story.killed_by(StateTrap(crew, stage, state, number))
            for kind, number in ON_THE_WIRE:
                await story.killed_by(Trap(crew, kind, number))
                await story.killed_by(Trap(crew, kind, number), before=False)
            assert crew.killed == 20
            await _check(stage, wire, len(story.orders))


class _Story:
    def __init__(self, stage: Stage, pebble: Pebble, wire: Wire, crew: Workers) -> None:
        self._stage, self._pebble, self._wire, self._crew = stage, pebble, wire, crew
        self.orders: list[OrderId] = []

    async def killed_while_pending(self) -> None:
        await self._obtain(kill=True)

    async def killed_by(self, trap: Trap | StateTrap, *, before: bool = True) -> None:
        if before:
            self._wire.before = trap
        else:
            self._wire.after = trap
        await self._obtain()
        clean = Wire()
        self._wire.before, self._wire.after = clean.before, clean.after
        assert trap.sprung, trap

    async def _obtain(self, *, kill: bool = False) -> None:
        names = [f"{letter}{len(self.orders)}.kill.example.com" for letter in "ab"]
        holder = await make_holder(self._stage, *names)
        order_id = await self._stage.order(holder, names)
        self.orders.append(order_id)
        await self._stage.until(order_id, "PENDING")
        if kill:
            await self._crew.kill()
            await self._crew.start()
        await self._stage.place(holder, order_id, self._pebble.challenges)
        await self._stage.until(order_id, "VALID")


async def _check(stage: Stage, wire: Wire, orders: int) -> None:
    async with stage.sessions.read() as session:
        states = (await session.execute(select(OrderRow.state))).scalars().all()
        certificates = (await session.execute(select(func.count()).select_from(CertificateRow))).scalar_one()
        named = (await session.execute(select(func.count(OrderRow.certificate_id.distinct())))).scalar_one()
    assert states == ["VALID"] * orders
    assert certificates == named == orders
    assert wire.finalized().most_common(1)[0][1] == 1
    assert len(wire.of_kind("newOrder")) <= orders + 2, "only a lost answer to newOrder makes another"
    assert len({each.path for each in wire.of_kind("challenge")}) == len(wire.of_kind("challenge"))
