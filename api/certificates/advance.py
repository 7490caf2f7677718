"""Moves one order as far as it goes now: ask the authority, store the answer, and only then act on it.

The rule: no transaction is open while the authority is asked, and each answer is committed, under the claim, before
the next request leaves. A process killed at any point leaves a row that comes due again (`docs/issuance-cycle.md`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from api.certificates.authorities import Authorities
from api.certificates.ca_accounts import CaAccounts, KnownCaAccount
from api.certificates.ending import store_end
from api.certificates.ownership import judge_proofs
from api.certificates.store import LEASE, ClaimLost, HeldOrder, load_order, save_order
from api.db.sessions import announce_due
from api.issuance.acme import is_retryable
from api.issuance.authority import CertificateAuthority
from api.issuance.errors import IssuanceError
from api.issuance.order import (
    CaRequest,
    Event,
    NotifyHolder,
    Order,
    Phase,
    Placed,
    Request,
    RequestFailed,
    Resume,
    Wait,
    step,
)
from api.issuance.problems import Problem, own_problem
from api.models import OrderId, OrderRow
from api.viewer import JOB
from api.work import Work, Works

SOON: Final = timedelta(seconds=60)
"""A wait shorter than this is announced, so that whoever looks for due rows wakes in time."""
_log = structlog.get_logger("api.certificates")


class OrderAdvancer:
    """Carries out the order machine on stored orders. Safe to run twice: the claim decides who may store.

    `ended` is told "valid" or "invalid" after the end is committed, to count; it may miss one when the process dies.
    """

    def __init__(
        self,
        works: Works,
        authorities: Authorities,
        accounts: CaAccounts,
        *,
        lease: timedelta = LEASE,
        ended: Callable[[str], None] | None = None,
    ) -> None:
        self._works = works
        self._authorities = authorities
        self._accounts = accounts
        self._lease = lease
        self._ended = ended

    async def advance(self, order_id: UUID, generation: int) -> None:
        """Advance the order claimed under `generation` until it waits or ends; nothing if the claim is lost."""
        try:
            run = await self._begin(OrderId(order_id), generation)
            if run is None:
                return
            while run.requests:
                await run.ask()
            if run.order.is_final and self._ended is not None:
                self._ended(run.order.state.lower())
        except ClaimLost:
            _log.info("order_claim_lost", order_id=order_id, generation=generation)

    async def _begin(self, order_id: OrderId, generation: int) -> _Run | None:
        """Read the order and store its first step, in one transaction once the account at the authority is known."""
        async with self._works.open(JOB) as work:
            held = await load_order(work.session, order_id, generation)
            if held is None or held.order.is_final:
                return None
            authority = self._authorities.named(held.authority)
            if authority is None:
                _log.error("order_authority_unknown", order_id=order_id, authority=held.authority)
                return None
            known = self._accounts.known_at(authority)
            if known is not None:
                run = _Run(self._works, self._lease, held, authority, known)
                await run.take_in(_first_event(held, run.now()), work)
                return run
        return await self._begin_without_account(held, authority)

    async def _begin_without_account(self, held: HeldOrder, authority: CertificateAuthority) -> _Run:
        """Find or open the account first. Without one the attempt counts against the order: nothing can be asked."""
        try:
            known = await self._accounts.account_at(authority)
        except IssuanceError as error:
            run = _Run(self._works, self._lease, held, authority, None)
            problem = error.problem or own_problem("unreachable", "The authority did not answer.")
            await run.refuse_first(problem)
            return run
        run = _Run(self._works, self._lease, held, authority, known)
        await run.take_in(_first_event(held, run.now()))
        return run


class _Run:
    """One claim at work: the order as it is stored, as it stands, and the requests that are still to be sent."""

    def __init__(
        self,
        works: Works,
        lease: timedelta,
        held: HeldOrder,
        authority: CertificateAuthority,
        known: KnownCaAccount | None,
    ) -> None:
        self._works = works
        self._lease = lease
        self._held = held
        self._authority = authority
        self._known = known
        self._thumbprint = known.account.account_key.thumbprint if known else ""
        self.order = held.order
        self.requests: deque[CaRequest] = deque()

    def now(self) -> datetime:
        """Return the time."""
        return self._works.clock.now()

    async def ask(self) -> None:
        """Send the next request, with no transaction open, and store the answer."""
        if self._known is None:
            raise ClaimLost
        await self.take_in(await self._authority.perform(self.requests.popleft(), self._known.account))

    async def refuse_first(self, problem: Problem) -> None:
        """Answer the first request ourselves: it cannot be sent."""
        transition = step(self.order, Resume(self.now()))
        asked = _to_send(transition.requests)
        if not asked:
            await self.take_in(Resume(self.now()))
            return
        self.order = transition.order
        await self.take_in(RequestFailed(self.now(), asked[0], problem, is_retryable(problem)))
        self.requests.clear()

    async def take_in(self, event: Event, work: Work | None = None) -> None:
        """Step and store in one transaction; whatever raises here leaves the order as it was."""
        if work is None:
            async with self._works.open(JOB) as own:
                await self.take_in(event, own)
            return
        if not isinstance(event, Resume | Placed):
            event = await judge_proofs(work.session, self._held, event)
        transition = step(self.order, event)
        requests = [*self.requests, *_to_send(transition.requests)]
        self._held = await self._store(work, transition.order, busy=bool(requests))
        self.order = transition.order
        self.requests = deque(() if transition.order.is_final else requests)

    async def _store(self, work: Work, order: Order, *, busy: bool) -> HeldOrder:
        if order.is_final:
            return await store_end(work, self._held, order, account_thumbprint=self._thumbprint)
        if busy and _same_but_for_time(self._held.order, order):
            return self._held
        more = {}
        if self._known is not None and self._held.ca_account_id is None:
            more["ca_account_id"] = self._known.id
        hold_until = self.now() + self._lease if busy else None
        held = await save_order(
            work.session, self._held, order, account_thumbprint=self._thumbprint, hold_until=hold_until, **more
        )
        due = order.next_action_at
        if not busy and due is not None and due - self.now() < SOON:
            await announce_due(work.session, OrderRow.__tablename__)
        return held


def _first_event(held: HeldOrder, now: datetime) -> Resume | Placed:
    """Tell the machine that the holder confirmed, if that is what it waits for."""
    placed = held.placed_at is not None and held.order.phase is Phase.AWAITING_PLACEMENT
    return Placed(now) if placed else Resume(now)


def _to_send(requests: Iterable[Request]) -> list[CaRequest]:
    """Leave out what is no request: waiting is in the row, and the holder is told in the transaction that stores."""
    return [each for each in requests if not isinstance(each, Wait | NotifyHolder)]


def _same_but_for_time(before: Order, after: Order) -> bool:
    """Tell whether a kill now would lose nothing: only the moment differs at which the order is due."""
    return before == replace(after, next_action_at=before.next_action_at)
