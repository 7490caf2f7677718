"""What the order machine asks for (requests) and what it is told (events); values, compared by content.

The rule: an event carries the time and the request it answers, so that the machine needs neither clock nor memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.issuance.order_values import Authorization
from api.issuance.problems import Problem


@dataclass(frozen=True, slots=True)
class NewOrder:
    """POST newOrder (RFC 8555 section 7.4). May be repeated when the answer was lost."""

    names: tuple[str, ...]
    profile: str | None = None
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class FetchAuthorization:
    """POST-as-GET of an authorization (section 7.5)."""

    url: str


@dataclass(frozen=True, slots=True)
class RespondToChallenge:
    """POST `{}` to a challenge (section 7.5.1). `authorization_url` says whose it is. Never repeated blindly."""

    url: str
    authorization_url: str


@dataclass(frozen=True, slots=True)
class FetchOrder:
    """POST-as-GET of the order."""

    url: str


@dataclass(frozen=True, slots=True)
class Finalize:
    """POST the CSR (section 7.4). Repeated only after a `FetchOrder` said "ready", always with the same bytes."""

    url: str
    csr_der: bytes


@dataclass(frozen=True, slots=True)
class DownloadCertificate:
    """POST-as-GET of the certificate chain (section 7.4.2)."""

    url: str


CaRequest = NewOrder | FetchAuthorization | RespondToChallenge | FetchOrder | Finalize | DownloadCertificate


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to send before `until`: end the job; `order.next_action_at` says the same and is what counts."""

    until: datetime


class HolderNotice(StrEnum):
    """What the holder should learn now."""

    PLACE_CHALLENGES = "place_challenges"
    ISSUED = "issued"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NotifyHolder:
    """Tell the holder, in the transaction that stores the order; made once per transition into that phase."""

    notice: HolderNotice


Request = CaRequest | Wait | NotifyHolder


@dataclass(frozen=True, slots=True)
class Resume:
    """The order is due, or a process takes it over after a loss: requests made earlier are forgotten."""

    now: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """The holder says that every value is in its place."""

    now: datetime


@dataclass(frozen=True, slots=True)
class OrderAnswered:
    """The authority showed the order: the answer to `NewOrder`, `FetchOrder` or `Finalize`."""

    now: datetime
    request: NewOrder | FetchOrder | Finalize
    url: str
    status: str
    finalize_url: str
    authorization_urls: tuple[str, ...]
    expires_at: datetime | None = None
    certificate_url: str | None = None
    problem: Problem | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationAnswered:
    """The authority showed an authorization; `authorization.challenges` holds the kinds known here only."""

    now: datetime
    authorization: Authorization
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChallengeAnswered:
    """The authority accepted a response to a challenge."""

    now: datetime
    request: RespondToChallenge
    status: str
    problem: Problem | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificateAnswered:
    """The authority delivered a chain in PEM; nothing about it is checked yet."""

    now: datetime
    request: DownloadCertificate
    chain_pem: str
    alternate_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The authority refused, or did not answer in its protocol.

    `retryable` means that the same request may succeed later (503, 429, badNonce without end, no answer at all);
    whether it had an effect is unknown then. `problem.retry_at` is the authority's Retry-After.
    """

    now: datetime
    request: CaRequest
    problem: Problem
    retryable: bool


CaAnswer = OrderAnswered | AuthorizationAnswered | ChallengeAnswered | CertificateAnswered | RequestFailed
Event = Resume | Placed | CaAnswer
