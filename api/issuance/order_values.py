"""The order as a value (RFC 8555 section 7.1): everything needed to go on after the process was killed.

The rule: frozen, complete and free of I/O. What is not in here or in the URLs in here is not needed to resume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from api.issuance.chain import IssuedCertificate
from api.issuance.csr import CertificateRequest
from api.issuance.errors import ChallengeUnsuitable
from api.issuance.problems import Problem


class ChallengeType(StrEnum):
    """The two proofs of control offered here (RFC 8555 section 8)."""

    HTTP_01 = "http-01"
    DNS_01 = "dns-01"


class Phase(StrEnum):
    """Where an order stands; fine enough that each names the one thing to do when nothing else is remembered."""

    REQUESTED = "requested"
    """newOrder is to be sent, or its answer was lost: send it (again)."""
    COLLECTING = "collecting"
    """The order has URLs: fetch every authorization not seen yet."""
    AWAITING_PLACEMENT = "awaiting_placement"
    """The holder must place the challenges' values and say so."""
    RESPONDING = "responding"
    """The authority is being told to look; after a loss, fetch the authorizations, never tell again blindly."""
    VALIDATING = "validating"
    """The authority looks: fetch the authorizations that are still open."""
    FINALIZING = "finalizing"
    """The request is to be sent, or its answer was lost: fetch the order first, then send if it is still ready."""
    ISSUING = "issuing"
    """The authority signs: fetch the order."""
    DOWNLOADING = "downloading"
    """The certificate exists: download it."""
    VALID = "valid"
    INVALID = "invalid"


class OrderState(StrEnum):
    """What the holder sees."""

    REQUESTED = "REQUESTED"
    PENDING = "PENDING"
    VALIDATING = "VALIDATING"
    FINALIZING = "FINALIZING"
    VALID = "VALID"
    INVALID = "INVALID"


_PUBLIC: dict[Phase, OrderState] = {
    Phase.REQUESTED: OrderState.REQUESTED,
    Phase.COLLECTING: OrderState.REQUESTED,
    Phase.AWAITING_PLACEMENT: OrderState.PENDING,
    Phase.RESPONDING: OrderState.VALIDATING,
    Phase.VALIDATING: OrderState.VALIDATING,
    Phase.FINALIZING: OrderState.FINALIZING,
    Phase.ISSUING: OrderState.FINALIZING,
    Phase.DOWNLOADING: OrderState.FINALIZING,
    Phase.VALID: OrderState.VALID,
    Phase.INVALID: OrderState.INVALID,
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to prove a name. `responses` counts how often we told the authority to look, answered or not."""

    type: ChallengeType
    url: str
    challenge_token: str
    status: str = "pending"
    problem: Problem | None = None
    validated_at: datetime | None = None
    responses: int = 0
    confirmed: bool = False
    """The authority is known to have received a response."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """The proof for one identifier (RFC 8555 section 7.1.4). `status` is "unknown" until it was fetched."""

    url: str
    identifier: str = ""
    wildcard: bool = False
    status: str = "unknown"
    expires_at: datetime | None = None
    challenges: tuple[Challenge, ...] = ()

    @property
    def name(self) -> str:
        """The name as ordered: with `*.` when the authorization is for a wildcard."""
        return f"*.{self.identifier}" if self.wildcard else self.identifier

    @property
    def is_open(self) -> bool:
        """Neither proved nor ended yet."""
        return self.status in {"unknown", "pending"}

    @property
    def is_failed(self) -> bool:
        """Ended without proof: invalid, expired, deactivated, revoked."""
        return not self.is_open and self.status != "valid"

    def challenge(self, kind: ChallengeType) -> Challenge | None:
        """Return the offered challenge of this kind, None when the authority does not offer it."""
        return next((challenge for challenge in self.challenges if challenge.type == kind), None)


@dataclass(frozen=True, slots=True)
class Order:
    """An RFC 8555 order and our place in it.

    `next_action_at` is when `step(order, Resume(now))` is due: never None before the end. While requests are
    outstanding it lies in the past, so a lost process makes the order due at once.
    `problem` is the failure that ended the order, or the setback it is waiting out.
    """

    csr_der: bytes
    names: tuple[str, ...]
    public_key_sha256: str
    challenge_type: ChallengeType
    created_at: datetime
    phase: Phase = Phase.REQUESTED
    next_action_at: datetime | None = None
    phase_since: datetime | None = None
    expires_at: datetime | None = None
    url: str | None = None
    finalize_url: str | None = None
    certificate_url: str | None = None
    authorizations: tuple[Authorization, ...] = ()
    attempts: int = 0
    """Rounds of this phase that ended in a retryable failure."""
    polls: int = 0
    """Rounds of this phase in which the authority had not decided yet."""
    setback: bool = False
    """The present round has failed and is counted."""
    problem: Problem | None = None
    certificate: IssuedCertificate | None = None
    profile: str | None = None
    """The certificate profile asked for (draft-ietf-acme-profiles); None lets the authority choose."""
    replaces: str | None = None
    """The ARI identifier of the predecessor (RFC 9773 section 5); dropped once when the authority refuses it."""

    @property
    def state(self) -> OrderState:
        """What the holder sees."""
        return _PUBLIC[self.phase]

    @property
    def is_final(self) -> bool:
        """Nothing will ever change again."""
        return self.phase in {Phase.VALID, Phase.INVALID}

    def with_authorization(self, changed: Authorization) -> Order:
        """Return the order with the authorization of the same URL replaced."""
        return replace(
            self, authorizations=tuple(changed if one.url == changed.url else one for one in self.authorizations)
        )


def start_order(
    request: CertificateRequest,
    challenge_type: ChallengeType,
    now: datetime,
    *,
    profile: str | None = None,
    replaces: str | None = None,
) -> Order:
    """Make the first stored form of an order, due at once. Raise `ChallengeUnsuitable` for a wildcard by http-01."""
    if challenge_type is ChallengeType.HTTP_01 and any(name.startswith("*.") for name in request.names):
        message = "A wildcard can be proved by dns-01 alone; choose that challenge."
        raise ChallengeUnsuitable(message, rule="wildcard-needs-dns")
    return Order(
        csr_der=request.der,
        names=request.names,
        public_key_sha256=request.public_key_sha256,
        challenge_type=challenge_type,
        created_at=now,
        next_action_at=now,
        phase_since=now,
        profile=profile,
        replaces=replaces,
    )
