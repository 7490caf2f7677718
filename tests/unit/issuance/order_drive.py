"""Run the order machine against the model in virtual time, with a fate for every request and crashes in between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta

from api.issuance.csr import CertificateRequest, read_csr
from api.issuance.order import (
    CaRequest,
    ChallengeType,
    Event,
    Finalize,
    HolderNotice,
    NotifyHolder,
    Order,
    Phase,
    Placed,
    Resume,
    Wait,
    start_order,
    step,
)
from tests.unit.issuance.chain_factory import NOW
from tests.unit.issuance.csr_factory import make_csr
from tests.unit.issuance.model_ca import Fate, ModelCa

ROUNDS_LIMIT = 3000

ONE_NAME = read_csr(make_csr("a.example.com"))
THREE_NAMES = read_csr(make_csr("a.example.com", "b.example.com", "*.example.org"))


class Drive:
    """One order, one authority, one clock that moves only while waiting."""

    def __init__(self, ca: ModelCa, request: CertificateRequest = ONE_NAME, **options: str) -> None:
        self.ca = ca
        self.now = NOW
        self.order: Order = start_order(request, ChallengeType.DNS_01, self.now, **options)
        self.queue: deque[CaRequest] = deque()
        self.notices: list[HolderNotice] = []
        self.sent: list[CaRequest] = []
        self.heard: list[Event] = []

    def feed(self, event: Event) -> None:
        before = self.order
        transition = step(before, event)
        self.order = transition.order
        for request in transition.requests:
            if isinstance(request, NotifyHolder):
                self.notices.append(request.notice)
            elif isinstance(request, Wait):
                assert self.order.next_action_at is not None
            else:
                self.queue.append(request)
        self._check(before)

    def _check(self, before: Order) -> None:
        assert self.order.is_final == (self.order.next_action_at is None)
        assert (self.order.phase is Phase.VALID) == (self.order.certificate is not None)
        if before.is_final:
            assert self.order == before
        if self.order.phase is Phase.INVALID:
            assert self.order.problem is not None

    def send(self, fate: Fate = Fate.ANSWERED) -> None:
        request = self.queue.popleft()
        self.sent.append(request)
        if isinstance(request, Finalize):
            assert request.csr_der == self.order.csr_der
        event = self.ca.answer(request, self.now, fate)
        self.heard.append(event)
        self.feed(event)

    def crash(self) -> None:
        """Forget what was to be sent; only the stored order remains."""
        self.queue.clear()

    def wake(self) -> None:
        """Move to the moment the order is due; the holder places at once."""
        if self.order.phase is Phase.AWAITING_PLACEMENT:
            self.feed(Placed(self.now))
            return
        assert self.order.next_action_at is not None
        self.now = max(self.now, self.order.next_action_at)
        self.feed(Resume(self.now))

    def run(self, fate: Callable[[], Fate] = lambda: Fate.ANSWERED, crash: Callable[[], bool] = lambda: False) -> Order:
        for _ in range(ROUNDS_LIMIT):
            if self.order.is_final:
                return self.order
            if crash():
                self.crash()
            if self.queue:
                self.send(fate())
            else:
                self.wake()
        raise AssertionError(f"the order does not end; it is {self.order.phase}")

    def until(self, phase: Phase) -> None:
        for _ in range(ROUNDS_LIMIT):
            if self.order.phase is phase:
                return
            if self.queue:
                self.send()
            else:
                self.wake()
        raise AssertionError(f"never {phase}")

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)
