"""What callers may spend: leaky buckets, one for each caller, and where they are kept within one process.

The rule: whole numbers only. A bucket is one moment, `full_at`, at which it will be full again (the generic cell rate
algorithm, ITU-T I.371): a cost moves it on, time catches up with it, and a refund moves it back. Moments are
microseconds since 1970; costs round up and refunds down, so rounding never admits more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from governance.clock import Clock

SECOND: Final = 1_000_000
DISBELIEVED: Final = 60 * SECOND
"""A bucket that would be full only this long after an empty one was written by a clock that went wrong; it starts anew.

Clocks of one fleet must agree better than that. While they differ by s, a caller may gain what s restores, once.
"""
MOST_CALLERS: Final = 50_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class CallerKind(StrEnum):
    """Which quota a caller has."""

    HOLDER = "holder"
    STAFF = "staff"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who pays: the keyed hash of a bucket, which names nobody, and the kind of its quota."""

    kind: CallerKind
    bucket: bytes


@dataclass(frozen=True, slots=True)
class Balance:
    """A bucket after a charge. `wait` is None if it was admitted, else the microseconds until the cost would fit."""

    limit: int
    restore: int
    remaining: int
    full_in: int
    wait: int | None = None


@dataclass(frozen=True, slots=True)
class CostReport:
    """What one operation was asked to pay, what it paid in the end, and how its caller's bucket stands."""

    requested: int
    actual: int
    balance: Balance

    def entry(self) -> dict[str, int]:
        """Return `extensions.cost` of an answer."""
        return {
            "requested": self.requested,
            "actual": self.actual,
            "limit": self.balance.limit,
            "remaining": self.balance.remaining,
            "restoreRate": self.balance.restore,
        }


@dataclass(frozen=True, slots=True)
class Quota:
    """A bucket of `capacity` points that restores `restore` of them a second, at most a million."""

    capacity: int
    restore: int
    window: int = field(init=False)
    """Microseconds from empty to full."""

    def __post_init__(self) -> None:
        if not (self.capacity >= 1 and 1 <= self.restore <= SECOND):
            raise ValueError("a quota has a capacity from 1, and restores from 1 to 1000000 points a second")
        object.__setattr__(self, "window", self.price(self.capacity))

    def price(self, cost: int) -> int:
        """Return the microseconds that restore `cost`, rounded up."""
        return -(-cost * SECOND // self.restore)

    def refund(self, cost: int) -> int:
        """Return the microseconds by which a refund moves a bucket back, rounded down."""
        return cost * SECOND // self.restore

    def take(self, full_at: int, cost: int, now: int) -> tuple[int, Balance]:
        """Charge a cost; refused, the bucket stays as it was. A bucket that nobody used has `full_at` 0."""
        moved = self._believed(full_at, now) + self.price(cost)
        if moved > now + self.window:
            return full_at, self.refused(full_at, cost, now)
        return moved, self.balance(moved, now)

    def refused(self, full_at: int, cost: int, now: int) -> Balance:
        """Describe a bucket that could not pay; what it restored since then may leave a wait of next to nothing."""
        base = self._believed(full_at, now)
        return self.balance(base, now, max(base + self.price(cost) - now - self.window, 1))

    def give_back(self, full_at: int, cost: int, now: int) -> tuple[int, Balance]:
        """Return part of a charge. What time has restored meanwhile is not restored twice."""
        moved = full_at - self.refund(cost)
        return moved, self.balance(self._believed(moved, now), now)

    def balance(self, full_at: int, now: int, wait: int | None = None) -> Balance:
        """Describe a bucket."""
        level = min(max(full_at - now, 0), self.window)
        remaining = min((self.window - level) * self.restore // SECOND, self.capacity)
        return Balance(self.capacity, self.restore, remaining, level, wait)

    def _believed(self, full_at: int, now: int) -> int:
        return now if full_at > now + self.window + DISBELIEVED else max(full_at, now)


Quotas = Mapping[CallerKind, Quota]


class Charges(Protocol):
    """Where buckets are kept."""

    async def take(self, caller: Caller, cost: int) -> Balance:
        """Charge a cost before the work is done; `Balance.wait` tells a refusal, which charges nothing."""
        ...

    async def give_back(self, caller: Caller, cost: int) -> Balance | None:
        """Return what was charged and not used; None where the new balance is not known."""
        ...


class ProcessCharges:
    """Buckets of this process alone; with N processes a caller has N of them. Nothing here waits.

    Of each kind the callers used last are remembered. Who is forgotten begins with a full bucket; strangers can make
    only strangers forgotten.
    """

    def __init__(self, quotas: Quotas, clock: Clock, most: int = MOST_CALLERS) -> None:
        self._quotas = quotas
        self._clock = clock
        self._most = most
        self._full_at: dict[CallerKind, OrderedDict[bytes, int]] = {kind: OrderedDict() for kind in quotas}

    async def take(self, caller: Caller, cost: int) -> Balance:
        """Charge a cost."""
        buckets = self._full_at[caller.kind]
        before = buckets.get(caller.bucket, 0)
        after, balance = self._quotas[caller.kind].take(before, cost, moment(self._clock.now()))
        self._keep(buckets, caller.bucket, after)
        return balance

    async def give_back(self, caller: Caller, cost: int) -> Balance:
        """Return part of a charge."""
        buckets = self._full_at[caller.kind]
        before = buckets.get(caller.bucket, 0)
        after, balance = self._quotas[caller.kind].give_back(before, cost, moment(self._clock.now()))
        self._keep(buckets, caller.bucket, after)
        return balance

    def _keep(self, buckets: OrderedDict[bytes, int], bucket: bytes, full_at: int) -> None:
        buckets[bucket] = full_at
        buckets.move_to_end(bucket)
        if len(buckets) > self._most:
            buckets.popitem(last=False)


def moment(at: datetime) -> int:
    """Return a time as microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def timestamp(at: int) -> datetime:
    """Return such a moment as a time."""
    return _EPOCH + at * _MICROSECOND
