"""How often somebody may guess: a pure decision on counters (clause 2.4-a).

The rule: each attempt is counted before it is looked at, so parallel guesses gain nothing; counters leak away, so
nobody is ever locked out for good; and a recognised device has counters of its own, so strangers cannot shut the
holder out.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.kit.addresses import source_network

KEPT_FOR: Final = timedelta(days=1)
_LONGEST_DOUBLING: Final = 16


@dataclass(frozen=True, slots=True)
class ThrottleRule:
    """`free` attempts, then a delay that doubles up to `longest`; one attempt is forgotten every `leak`."""

    free: int
    first: timedelta
    longest: timedelta
    leak: timedelta


@dataclass(frozen=True, slots=True)
class Bucket:
    """A counter: its keyed hash, which names nobody, and its rule."""

    hash: bytes
    rule: ThrottleRule


@dataclass(frozen=True, slots=True)
class Attempts:
    """The state of one counter."""

    failures: int
    last_at: datetime
    blocked_until: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        """Return when the counter has nothing left to say."""
        return self.last_at + KEPT_FOR


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that may be looked at. `newly_blocked`: the next one will not, for the first time: tell the holder."""

    attempts: Attempts
    newly_blocked: bool


@dataclass(frozen=True, slots=True)
class Blocked:
    """An attempt that must not be looked at before `retry_at`."""

    retry_at: datetime


_MINUTE: Final = timedelta(minutes=1)
BY_ACCOUNT: Final = ThrottleRule(10, _MINUTE, 15 * _MINUTE, leak=6 * _MINUTE)
BY_SOURCE: Final = ThrottleRule(10, _MINUTE, 60 * _MINUTE, leak=6 * _MINUTE)
BY_DEVICE: Final = ThrottleRule(10, _MINUTE, 5 * _MINUTE, leak=2 * _MINUTE)
MAIL_BY_ACCOUNT: Final = ThrottleRule(5, 5 * _MINUTE, 60 * _MINUTE, leak=20 * _MINUTE)
MAIL_BY_SOURCE: Final = ThrottleRule(20, 5 * _MINUTE, 60 * _MINUTE, leak=3 * _MINUTE)


def sign_in_buckets(secret: bytes, *, email_key: str, address: str, device_secret: str | None) -> tuple[Bucket, ...]:
    """Return the counters of a sign-in. Pass `device_secret` only after finding it among the account's own devices."""
    if device_secret:
        return (_bucket(secret, BY_DEVICE, "device", device_secret, email_key),)
    return _both(secret, "sign-in", (email_key, address), BY_ACCOUNT, BY_SOURCE)


def mail_buckets(secret: bytes, purpose: str, *, email_key: str, address: str) -> tuple[Bucket, ...]:
    """Return the counters of a request that makes us write to somebody (sign-up, reset, change of address)."""
    return _both(secret, f"mail-{purpose}", (email_key, address), MAIL_BY_ACCOUNT, MAIL_BY_SOURCE)


def count_attempt(bucket: Bucket, before: Attempts | None, now: datetime) -> Counted | Blocked:
    """Count an attempt as a failure in advance, or say when to come back."""
    if before and before.blocked_until and before.blocked_until > now:
        return Blocked(before.blocked_until)
    rule = bucket.rule
    failures = _remaining(rule, before, now) + 1
    over = failures - rule.free
    blocked_until = now + min(rule.longest, rule.first * 2 ** min(over, _LONGEST_DOUBLING)) if over >= 0 else None
    return Counted(Attempts(failures, now, blocked_until), newly_blocked=over == 0)


def latest_retry(decisions: Iterable[Counted | Blocked]) -> datetime | None:
    """Return when the last of the blocking counters opens; None if none blocks."""
    return max((decision.retry_at for decision in decisions if isinstance(decision, Blocked)), default=None)


def _both(
    secret: bytes, purpose: str, who: tuple[str, str], by_account: ThrottleRule, by_source: ThrottleRule
) -> tuple[Bucket, ...]:
    account = _bucket(secret, by_account, f"{purpose}-account", who[0])
    source = source_network(who[1])
    return (account, _bucket(secret, by_source, f"{purpose}-source", source)) if source else (account,)


def _bucket(secret: bytes, rule: ThrottleRule, *parts: str) -> Bucket:
    return Bucket(hmac.digest(secret, "\x00".join(parts).encode(), "sha256"), rule)


def _remaining(rule: ThrottleRule, before: Attempts | None, now: datetime) -> int:
    """Return the failures not yet forgotten; time during a block forgets too."""
    if before is None:
        return 0
    elapsed = max(now - before.last_at, timedelta(0))
    return max(before.failures - elapsed // rule.leak, 0)
