"""Orders driven in memory against a real authority: no database, the same machine and transport as the platform."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from api.issuance.account_key import CaAccountKey
from api.issuance.acme import AcmeAuthority
from api.issuance.challenges import DnsPlacement, HttpPlacement, placement
from api.issuance.csr import read_csr
from api.issuance.order import (
    CaAnswer,
    CaRequest,
    ChallengeType,
    Event,
    NotifyHolder,
    Order,
    Phase,
    Placed,
    Resume,
    Wait,
    start_order,
    step,
)
from api.issuance.pebble import Pebble, PebbleOptions
from governance.clock import Clock, ManualClock, SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from api.issuance.authority import CaAccount, CertificateAuthority

ROUNDS_LIMIT = 2000

Place = Callable[[HttpPlacement | DnsPlacement], None]
Killed = Callable[[CaRequest], bool]


def sleeper(clock: Clock) -> Callable[[datetime], Awaitable[None]]:
    """Wait in the clock's own time: really, or by moving a manual clock."""

    async def wait(until: datetime) -> None:
        if isinstance(clock, ManualClock):
            clock.advance(max(until - clock.now(), until - until))
        else:
            await asyncio.sleep(max((until - clock.now()).total_seconds(), 0))

    return wait


@dataclass
class MemoryRunner:
    """What the platform's jobs do, without storage. `killed` says after which request the process "dies"."""

    authority: CertificateAuthority
    account: CaAccount
    clock: Clock
    place: Place
    killed: Killed = lambda _: False
    sent: list[CaRequest] = field(default_factory=list)
    heard: list[CaAnswer] = field(default_factory=list)

    async def issue(self, csr_pem: str, challenge_type: ChallengeType) -> Order:
        """Run an order from its request to its end."""
        order = start_order(read_csr(csr_pem), challenge_type, self.clock.now())
        wait = sleeper(self.clock)
        for _ in range(ROUNDS_LIMIT):
            if order.is_final:
                return order
            order = await self._advance(order, self._due(order))
            if not order.is_final and order.phase is not Phase.AWAITING_PLACEMENT:
                assert order.next_action_at is not None
                await wait(order.next_action_at)
        raise AssertionError(f"the order does not end; it is {order.phase}")

    def _due(self, order: Order) -> Event:
        if order.phase is not Phase.AWAITING_PLACEMENT:
            return Resume(self.clock.now())
        for authorization in order.authorizations:
            challenge = authorization.challenge(order.challenge_type)
            if authorization.is_open and challenge is not None:
                self.place(placement(authorization.name, challenge, self.account.account_key.thumbprint))
        return Placed(self.clock.now())

    async def _advance(self, order: Order, event: Event) -> Order:
        transition = step(order, event)
        queue = deque(transition.requests)
        while queue:
            request = queue.popleft()
            if isinstance(request, Wait | NotifyHolder):
                continue
            self.sent.append(request)
            answer = await self.authority.perform(request, self.account)
            self.heard.append(answer)
            if self.killed(request):
                return transition.order
            transition = step(transition.order, answer)
            queue.extend(transition.requests)
        return transition.order


@asynccontextmanager
async def running_pebble(options: PebbleOptions | None = None) -> AsyncIterator[tuple[Pebble, MemoryRunner]]:
    """Start Pebble, register an account, and give a runner that places what is asked for."""
    pebble = Pebble(options)
    await asyncio.to_thread(pebble.start)
    clock = SystemClock()
    authority = AcmeAuthority(pebble.description(), clock)
    try:
        account = await authority.register(CaAccountKey.generate(), terms_agreed=True)
        yield pebble, MemoryRunner(authority, account, clock, pebble.challenges.place)
    finally:
        await authority.close()
        await asyncio.to_thread(pebble.stop)
