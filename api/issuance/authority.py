"""What the platform knows of a certificate authority, and what it may ask of one.

The rule: the rooms above see these Protocols; only the composition root sees the class behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from api.issuance.account_key import CaAccountKey
from api.issuance.order_messages import CaAnswer, CaRequest


@dataclass(frozen=True, slots=True)
class CaDescription:
    """An authority as the operator configured it. Every request goes to the host of `directory_url`, nowhere else."""

    name: str
    directory_url: str
    trusted_root_path: Path | None = None
    """PEM with the only roots trusted for the authority's own TLS; None trusts the machine's."""
    policy_url: str | None = None
    """The authority's privacy policy, shown before each order (clause 4.1-c)."""
    terms_url: str | None = None
    """The terms the operator agreed to; None takes the directory's."""
    in_flight: int = 8
    """Requests under way at the same moment; the others wait their turn."""
    timeout_seconds: float = 30.0
    """For one request, from connecting to the last byte."""


LETS_ENCRYPT = CaDescription(
    name="Let's Encrypt",
    directory_url="https://acme-v02.api.letsencrypt.org/directory",
    policy_url="https://letsencrypt.org/privacy/",
    terms_url="https://letsencrypt.org/repository/",
)


@dataclass(frozen=True, slots=True)
class CaAccount:
    """Our account with an authority (RFC 8555 section 7.1.2): its URL and the key that signs for it."""

    url: str
    account_key: CaAccountKey


class RevocationReason(IntEnum):
    """The reasons publicly trusted authorities take (RFC 5280 section 5.3.1)."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5


class CertificateAuthority(Protocol):
    """An authority that speaks RFC 8555. Methods other than `perform` raise `IssuanceError`."""

    @property
    def description(self) -> CaDescription:
        """Say who this is."""
        ...

    async def perform(self, request: CaRequest, account: CaAccount) -> CaAnswer:
        """Carry out one request of the order machine and return the event; failures are events, too.

        After `RequestFailed(retryable=True)` it is unknown whether the authority acted.
        """
        ...

    async def register(self, account_key: CaAccountKey, *, terms_agreed: bool) -> CaAccount:
        """Open an account, or find the one this key has. No contact address is ever sent."""
        ...

    async def find_account(self, account_key: CaAccountKey) -> CaAccount | None:
        """Find the account of this key without opening one (RFC 8555 section 7.3.1)."""
        ...

    async def revoke(self, certificate_der: bytes, reason: RevocationReason, account: CaAccount) -> None:
        """Revoke for good (section 7.6). `problem.name` is "alreadyRevoked" when it was before."""
        ...

    async def fetch_chain(self, url: str, account: CaAccount) -> str:
        """Download a chain, for one of `CertificateAnswered.alternate_urls` for example; unchecked PEM."""
        ...

    async def terms_url(self) -> str | None:
        """Return the terms in force, as the directory names them."""
        ...

    async def close(self) -> None:
        """End all connections."""
        ...
