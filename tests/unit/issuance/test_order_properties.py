"""The order machine under any authority, any loss and any crash: it ends, and issues at most once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from api.issuance.csr import CertificateRequest
from api.issuance.order import (
    AuthorizationAnswered,
    CaRequest,
    CertificateAnswered,
    ChallengeAnswered,
    DownloadCertificate,
    Event,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    NewOrder,
    OrderAnswered,
    Phase,
    Placed,
    RequestFailed,
    RespondToChallenge,
    Resume,
)
from api.issuance.order_values import Authorization, Challenge, ChallengeType
from api.issuance.problems import ACME, Problem
from tests.unit.issuance.chain_factory import NOW
from tests.unit.issuance.model_ca import Fate, ModelCa
from tests.unit.issuance.order_drive import ONE_NAME, THREE_NAMES, Drive

BAD_FATES = [fate for fate in Fate if fate is not Fate.ANSWERED]
SEEDS = st.integers(0, 2**32)
REQUESTS = st.sampled_from([ONE_NAME, THREE_NAMES])


def _authorities(*, conflicts: st.SearchStrategy[bool]) -> st.SearchStrategy[ModelCa]:
    names = st.sets(st.sampled_from(THREE_NAMES.names)).map(frozenset)
    return st.builds(
        ModelCa, slowness=st.integers(0, 8), failing=names, reused=names, conflicts=conflicts, orders=st.builds(dict)
    )


def _check_books(ca: ModelCa, drive: Drive) -> None:
    assert len(ca.issued) <= 1
    assert set(ca.finalized) <= {drive.order.csr_der}
    assert drive.order.is_final
    assert len(drive.notices) == len(set(drive.notices))
    if drive.order.phase is Phase.VALID:
        assert len(ca.issued) == 1


@settings(deadline=None)
@given(_authorities(conflicts=st.booleans()), REQUESTS, SEEDS, st.floats(0, 0.9), st.floats(0, 0.2))
def test_any_losses_and_crashes_end_with_at_most_one_certificate(
    ca: ModelCa, request: CertificateRequest, seed: int, losses: float, crashes: float
) -> None:
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    drive = Drive(ca, request)
    drive.run(
        fate=lambda: chance.choice(BAD_FATES) if chance.random() < losses else Fate.ANSWERED,
        crash=lambda: chance.random() < crashes,
    )
    _check_books(ca, drive)


@settings(deadline=None)
@given(st.integers(0, 5), st.lists(st.integers(0, 40), max_size=4), st.lists(st.integers(0, 60), max_size=3), SEEDS)
def test_a_few_losses_and_crashes_never_cost_the_certificate(
    slowness: int, losses: list[int], crashes: list[int], seed: int
) -> None:
    ca = ModelCa(slowness=slowness)
    drive = Drive(ca, THREE_NAMES)
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    counters = {"requests": 0, "rounds": 0}

    def fate() -> Fate:
        counters["requests"] += 1
        return chance.choice(BAD_FATES) if counters["requests"] in losses else Fate.ANSWERED

    def crash() -> bool:
        counters["rounds"] += 1
        return counters["rounds"] in crashes

    drive.run(fate=fate, crash=crash)
    assert drive.order.phase is Phase.VALID, drive.order.problem
    _check_books(ca, drive)


@settings(deadline=None)
@given(_authorities(conflicts=st.just(False)), SEEDS)
def test_events_heard_twice_or_late_change_nothing_that_matters(ca: ModelCa, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    drive = Drive(ca, THREE_NAMES)
    for _ in range(400):
        if drive.order.is_final:
            break
        if drive.heard and chance.random() < 1 / 3:
            drive.feed(chance.choice(drive.heard))
        elif drive.queue:
            drive.send()
        else:
            drive.wake()
    drive.run()
    _check_books(ca, drive)


BASE = "https://ca/order/0"
URLS = {
    "order": BASE,
    "authorization": f"{BASE}/authorization/0",
    "challenge": f"{BASE}/authorization/0/dns-01",
    "finalize": f"{BASE}/finalize",
    "certificate": f"{BASE}/certificate",
}
STATUSES = ["pending", "processing", "ready", "valid", "invalid", "expired", "deactivated", "odd"]
PROBLEMS = ["conflict", "orderNotReady", "rateLimited", "malformed", "dns"]


@dataclass
class AnyEvent:
    """Make events out of the right words in any combination, some with foreign URLs, some from the past."""

    chance: Random
    now: datetime = NOW

    def url(self, name: str) -> str:
        return URLS[name] if self.chance.random() < 0.8 else "https://ca/stranger"

    def request(self) -> CaRequest:
        makers: list[Callable[[], CaRequest]] = [
            lambda: NewOrder(ONE_NAME.names),
            lambda: FetchOrder(self.url("order")),
            lambda: Finalize(self.url("finalize"), ONE_NAME.der),
            lambda: RespondToChallenge(self.url("challenge"), self.url("authorization")),
            lambda: FetchAuthorization(self.url("authorization")),
            lambda: DownloadCertificate(self.url("certificate")),
        ]
        return self.chance.choice(makers)()

    def order(self, request: NewOrder | FetchOrder | Finalize) -> OrderAnswered:
        urls = tuple(self.url("authorization") for _ in range(self.chance.randrange(3)))
        expires = self.chance.choice([None, self.now + timedelta(days=1)])
        certificate = self.chance.choice([None, self.url("certificate")])
        status = self.chance.choice(STATUSES)
        return OrderAnswered(
            self.now, request, self.url("order"), status, self.url("finalize"), urls, expires, certificate
        )

    def authorization(self, url: str) -> AuthorizationAnswered:
        offered = tuple(
            Challenge(kind, self.url("challenge"), "A" * 43, self.chance.choice(STATUSES)) for kind in ChallengeType
        )
        name = self.chance.choice(["a.example.com", "a.example.com", "x.example.com"])
        seen = Authorization(url, name, self.chance.random() < 0.1, self.chance.choice(STATUSES), None, offered)
        return AuthorizationAnswered(self.now, seen)

    def make(self) -> Event:
        self.now += timedelta(seconds=self.chance.choice([-60, 0, 0, 0, 1, 30, 4000, 90_000]))
        if self.chance.random() < 0.4:
            return self.chance.choice([Resume, Resume, Placed])(self.now)
        request = self.request()
        if self.chance.random() < 0.2:
            problem = Problem(ACME + self.chance.choice(PROBLEMS))
            return RequestFailed(self.now, request, problem, retryable=self.chance.random() < 0.7)
        match request:
            case NewOrder() | FetchOrder() | Finalize():
                return self.order(request)
            case FetchAuthorization():
                return self.authorization(request.url)
            case RespondToChallenge():
                return ChallengeAnswered(self.now, request, self.chance.choice(STATUSES))
        return CertificateAnswered(self.now, request, "junk")


@settings(deadline=None)
@given(SEEDS)
def test_no_event_in_any_phase_breaks_the_machine(seed: int) -> None:
    events = AnyEvent(Random(seed))  # noqa: S311 - repeatable, not secret
    drive = Drive(ModelCa(slowness=1))
    drive.until(events.chance.choice([phase for phase in Phase if phase not in {Phase.VALID, Phase.INVALID}]))
    for _ in range(30):
        drive.feed(events.make())
    finalized = {request.csr_der for request in drive.queue if isinstance(request, Finalize)}
    assert finalized <= {ONE_NAME.der}
    assert drive.order.phase is not Phase.VALID, "junk is no certificate"
