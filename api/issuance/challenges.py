"""The exact values a holder places to prove a name (RFC 8555 sections 8.1, 8.3 and 8.4).

The rule: pure computation; what is shown here is byte for byte what the authority will look for.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from api.issuance.account_key import unpadded
from api.issuance.order_values import Challenge, ChallengeType

HTTP_PREFIX = "/.well-known/acme-challenge/"
DNS_PREFIX = "_acme-challenge."


@dataclass(frozen=True, slots=True)
class HttpPlacement:
    """Serve `content` at `http://<name>` + `path` on port 80, as plain bytes with no line break after them."""

    path: str
    content: str


@dataclass(frozen=True, slots=True)
class DnsPlacement:
    """Add a TXT record `value` at `name`, beside any other that is there.

    When a CNAME stands at `name`, the record lives at its target: a delegated zone works without more.
    """

    name: str
    value: str


def key_authorization(challenge_token: str, account_thumbprint: str) -> str:
    """Join the token and the account key's thumbprint (section 8.1)."""
    return f"{challenge_token}.{account_thumbprint}"


def http_placement(challenge_token: str, account_thumbprint: str) -> HttpPlacement:
    """Return what to serve for http-01."""
    return HttpPlacement(HTTP_PREFIX + challenge_token, key_authorization(challenge_token, account_thumbprint))


def dns_placement(name: str, challenge_token: str, account_thumbprint: str) -> DnsPlacement:
    """Return the record for dns-01; a wildcard is proved at its base name."""
    digest = sha256(key_authorization(challenge_token, account_thumbprint).encode("ascii")).digest()
    return DnsPlacement(DNS_PREFIX + name.removeprefix("*."), unpadded(digest))


def placement(name: str, challenge: Challenge, account_thumbprint: str) -> HttpPlacement | DnsPlacement:
    """Return what to place for a challenge of either type."""
    if challenge.type is ChallengeType.HTTP_01:
        return http_placement(challenge.challenge_token, account_thumbprint)
    return dns_placement(name, challenge.challenge_token, account_thumbprint)
