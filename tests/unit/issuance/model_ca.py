"""A certificate authority as a value in memory: RFC 8555's states, and every fate a request can meet.

It keeps its own books (responses, finalizations, certificates) and fails the test when a rule is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from api.issuance.order import (
    Authorization,
    AuthorizationAnswered,
    CaAnswer,
    CaRequest,
    CertificateAnswered,
    Challenge,
    ChallengeAnswered,
    ChallengeType,
    DownloadCertificate,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    NewOrder,
    OrderAnswered,
    RequestFailed,
    RespondToChallenge,
)
from api.issuance.problems import ACME, Problem, own_problem
from tests.unit.issuance.chain_factory import make_chain, wanted_by


class Fate(Enum):
    """What becomes of one request."""

    ANSWERED = "answered"
    LOST_BEFORE = "lost before it arrived"
    LOST_AFTER = "carried out, but the answer was lost"
    BUSY = "429 with Retry-After"
    UNAVAILABLE = "503"


@dataclass
class _Proof:
    name: str
    status: str = "pending"
    looks_left: int = 0
    responses: int = 0


@dataclass
class _Books:
    proofs: dict[str, _Proof] = field(default_factory=dict)
    status: str = "pending"
    signing_looks: int = 0
    csr_der: bytes | None = None


@dataclass
class ModelCa:
    """`slowness` is how many looks a validation or a signature takes; `conflicts` imitates Boulder's 409."""

    slowness: int = 0
    failing: frozenset[str] = frozenset()
    reused: frozenset[str] = frozenset()
    conflicts: bool = False
    orders: dict[str, _Books] = field(default_factory=dict)
    finalized: list[bytes] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)

    def answer(self, request: CaRequest, now: datetime, fate: Fate = Fate.ANSWERED) -> CaAnswer:
        if fate is Fate.LOST_BEFORE:
            return _unanswered(request, now)
        if fate is Fate.BUSY:
            problem = Problem(ACME + "rateLimited", 429, retry_at=now + timedelta(seconds=7))
            return RequestFailed(now, request, problem, retryable=True)
        if fate is Fate.UNAVAILABLE:
            return RequestFailed(now, request, Problem("about:blank", 503), retryable=True)
        answer = self._carry_out(request, now)
        return _unanswered(request, now) if fate is Fate.LOST_AFTER else answer

    def _carry_out(self, request: CaRequest, now: datetime) -> CaAnswer:
        match request:
            case NewOrder():
                return self._new_order(request, now)
            case FetchAuthorization():
                return AuthorizationAnswered(now, self._show(request.url))
            case RespondToChallenge():
                return self._respond(request, now)
            case FetchOrder():
                return self._look(request, request.url, now)
            case Finalize():
                return self._finalize(request, now)
            case DownloadCertificate():
                return self._download(request, now)

    def _new_order(self, request: NewOrder, now: datetime) -> CaAnswer:
        url = f"https://ca/order/{len(self.orders)}"
        proofs = {
            f"{url}/authorization/{number}": _Proof(name, "valid" if name in self.reused else "pending")
            for number, name in enumerate(request.names)
        }
        self.orders[url] = _Books(proofs)
        return self._order(request, url, now)

    def _proof(self, url: str) -> _Proof:
        return self.orders[url.partition("/authorization/")[0]].proofs[url]

    def _show(self, url: str) -> Authorization:
        proof = self._proof(url)
        self._settle(proof)
        shown = "pending" if proof.status == "processing" else proof.status
        status = "pending" if self.conflicts and proof.status == "processing" else proof.status
        problem = Problem(ACME + "dns", 400, "no such name") if proof.status == "invalid" else None
        offered = tuple(Challenge(kind, f"{url}/{kind}", "A" * 43, status, problem) for kind in ChallengeType)
        return Authorization(url, proof.name.removeprefix("*."), proof.name.startswith("*."), shown, None, offered)

    def _settle(self, proof: _Proof) -> None:
        if proof.status == "processing":
            proof.looks_left -= 1
            if proof.looks_left < 0:
                proof.status = "invalid" if proof.name in self.failing else "valid"

    def _respond(self, request: RespondToChallenge, now: datetime) -> CaAnswer:
        proof = self._proof(request.authorization_url)
        if proof.status != "pending":
            assert self.conflicts, f"a challenge that is {proof.status} was responded to again"
            return RequestFailed(now, request, Problem(ACME + "conflict", 409), retryable=False)
        proof.status, proof.looks_left = "processing", self.slowness
        proof.responses += 1
        return ChallengeAnswered(now, request, "pending" if self.conflicts else "processing")

    def _look(self, request: FetchOrder | Finalize, url: str, now: datetime) -> CaAnswer:
        books = self.orders[url]
        if books.status == "processing":
            books.signing_looks -= 1
            if books.signing_looks < 0:
                books.status = "valid"
                self.issued.append(url)
        return self._order(request, url, now)

    def _finalize(self, request: Finalize, now: datetime) -> CaAnswer:
        url = request.url.removesuffix("/finalize")
        books = self.orders[url]
        self.finalized.append(request.csr_der)
        if self._status(books) != "ready":
            return RequestFailed(now, request, Problem(ACME + "orderNotReady", 403), retryable=False)
        books.status, books.csr_der, books.signing_looks = "processing", request.csr_der, self.slowness
        return self._order(request, url, now)

    def _status(self, books: _Books) -> str:
        states = {proof.status for proof in books.proofs.values()}
        if books.status != "pending":
            return books.status
        return "invalid" if "invalid" in states else "ready" if states == {"valid"} else "pending"

    def _order(self, request: NewOrder | FetchOrder | Finalize, url: str, now: datetime) -> OrderAnswered:
        books = self.orders[url]
        certificate = f"{url}/certificate" if books.status == "valid" else None
        expires = now + timedelta(days=7)
        return OrderAnswered(
            now, request, url, self._status(books), f"{url}/finalize", tuple(books.proofs), expires, certificate
        )

    def _download(self, request: DownloadCertificate, now: datetime) -> CaAnswer:
        books = self.orders[request.url.removesuffix("/certificate")]
        assert books.csr_der is not None
        names = tuple(proof.name for proof in books.proofs.values())
        times = {"begin": now - timedelta(hours=1), "end": now + timedelta(days=90)}
        return CertificateAnswered(now, request, make_chain(wanted_by(books.csr_der, names, **times)))


def _unanswered(request: CaRequest, now: datetime) -> RequestFailed:
    return RequestFailed(now, request, own_problem("unreachable", "nothing came"), retryable=True)
