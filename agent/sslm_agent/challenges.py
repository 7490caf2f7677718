"""Challenges checked before they are placed: their form is RFC 8555's, their names are ours.

One rule: nothing the platform sends reaches a path, a listener or a command before this module agreed to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sslm_agent.answers import Authorization, Challenge
from sslm_agent.errors import ChallengeInvalid

HTTP_PREFIX = "/.well-known/acme-challenge/"
HTTP_01 = "HTTP_01"
DNS_01 = "DNS_01"
_HTTP_PATH = re.compile(re.escape(HTTP_PREFIX) + r"([A-Za-z0-9_-]{8,200})\Z")
_THUMBPRINT = r"[A-Za-z0-9_-]{43}"
_DNS_VALUE = re.compile(_THUMBPRINT + r"\Z")
_DNS_PREFIX = "_acme-challenge."


@dataclass(frozen=True, slots=True)
class HttpChallenge:
    """What a web server must answer (RFC 8555, 8.3)."""

    challenge_token: str
    content: str

    @property
    def path(self) -> str:
        """The path under which it is asked for."""
        return HTTP_PREFIX + self.challenge_token


@dataclass(frozen=True, slots=True)
class DnsChallenge:
    """A TXT record (RFC 8555, 8.4)."""

    name: str
    value: str


class Placement(Protocol):
    """A way of proving control of names; `challenge_type` says which kind it places."""

    challenge_type: str

    def place(self, challenges: tuple[HttpChallenge | DnsChallenge, ...], *, validating: bool) -> None:
        """Make the challenges visible. `validating`: the platform was told already, so nobody is asked again."""
        ...

    def remove(self) -> None:
        """Take away what `place` made; doing so twice is fine."""
        ...


def open_challenges(
    authorizations: Iterable[Authorization], challenge_type: str, names: tuple[str, ...]
) -> tuple[HttpChallenge | DnsChallenge, ...]:
    """Return what still has to be placed, checked."""
    ours = frozenset(name.removeprefix("*.") for name in names)
    waiting = [item for item in authorizations if item.status == "pending" and item.name]
    return tuple(_checked(authorization, challenge_type, ours) for authorization in waiting)


def _checked(authorization: Authorization, challenge_type: str, ours: frozenset[str]) -> HttpChallenge | DnsChallenge:
    name = authorization.name.removeprefix("*.")
    if name not in ours:
        raise _invalid("it is for a name that was not ordered")
    for challenge in authorization.challenges:
        if challenge.type == challenge_type:
            return _http(challenge) if challenge_type == HTTP_01 else _dns(challenge, name)
    raise _invalid(f"{name} offers no challenge of the type chosen")


def _http(challenge: Challenge) -> HttpChallenge:
    path = _HTTP_PATH.match(challenge.http_path or "")
    if path is None:
        raise _invalid("its path is not one of RFC 8555")
    challenge_token, content = path.group(1), challenge.http_content or ""
    if not re.fullmatch(re.escape(challenge_token) + r"\." + _THUMBPRINT, content):
        raise _invalid("its content is not a key authorization")
    return HttpChallenge(challenge_token, content)


def _dns(challenge: Challenge, name: str) -> DnsChallenge:
    record = (challenge.dns_name or "").rstrip(".").lower()
    if record != _DNS_PREFIX + name:
        raise _invalid("its record is not under the name ordered")
    if not _DNS_VALUE.match(challenge.dns_value or ""):
        raise _invalid("its value is not a digest")
    return DnsChallenge(record, challenge.dns_value or "")


def _invalid(reason: str) -> ChallengeInvalid:
    return ChallengeInvalid(
        f"A challenge was refused: {reason}. It was not placed and nothing was confirmed. "
        "Run the command again; if it happens twice, tell the operator of the server."
    )
