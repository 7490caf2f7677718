"""Slices of shared buckets, held by one process, so that most charges and refunds of a fleet go nowhere.

The rule: a process admits only what it took from the shared bucket before. It holds at most two slices of a caller, of
a hundredth of the bucket each; so over any stretch of time N processes admit at most what the bucket holds and
restores, and N times two slices that were taken before. What one process holds, another cannot see: a caller may be
refused although so much is left.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from api.execution.charges import MOST_CALLERS, Balance, Caller, Charges, Quota, Quotas, moment
from governance.clock import Clock

SLICES: Final = 100
"""How many slices a bucket has."""


@dataclass(slots=True)
class _Lease:
    """Points that this process may spend, and when the shared bucket was said to be full again."""

    points: int = 0
    full_at: int = 0


class LeasedCharges:
    """Charges against what it took; goes to the shared bucket when that is used up, or grew by refunds."""

    def __init__(self, shared: Charges, quotas: Quotas, clock: Clock, most: int = MOST_CALLERS) -> None:
        self._shared = shared
        self._quotas = quotas
        self._clock = clock
        self._most = most
        self._leases: OrderedDict[bytes, _Lease] = OrderedDict()

    async def take(self, caller: Caller, cost: int) -> Balance:
        """Charge a cost; what is held counts as spent before anything is waited for."""
        quota, lease = self._quotas[caller.kind], self._lease(caller)
        if lease.points >= cost:
            lease.points -= cost
            return self._shown(lease, quota)
        held, lease.points = lease.points, 0
        try:
            taken, balance = await self._fetch(caller, cost - held, quota.capacity // SLICES)
        except BaseException:
            lease.points += held
            raise
        self._note(lease, balance)
        if balance.wait is not None:
            lease.points += held
            return replace(self._shown(lease, quota), wait=balance.wait)
        lease.points += taken - (cost - held)
        return self._shown(lease, quota)

    async def give_back(self, caller: Caller, cost: int) -> Balance:
        """Keep what was not used, up to two slices; the rest goes back to where everybody sees it."""
        quota, lease = self._quotas[caller.kind], self._lease(caller)
        piece = quota.capacity // SLICES
        lease.points += cost
        if lease.points > 2 * piece:
            excess, lease.points = lease.points - piece, piece
            balance = await self._shared.give_back(caller, excess)
            if balance is not None:
                self._note(lease, balance)
        return self._shown(lease, quota)

    async def _fetch(self, caller: Caller, missing: int, piece: int) -> tuple[int, Balance]:
        """Take what is missing and a slice; where that does not fit, what is missing alone."""
        balance = await self._shared.take(caller, missing + piece)
        if balance.wait is None or piece == 0:
            return missing + piece, balance
        return missing, await self._shared.take(caller, missing)

    def _lease(self, caller: Caller) -> _Lease:
        lease = self._leases.setdefault(caller.bucket, _Lease())
        self._leases.move_to_end(caller.bucket)
        if len(self._leases) > self._most:
            self._leases.popitem(last=False)  # its points are lost, and time restores them
        return lease

    def _note(self, lease: _Lease, balance: Balance) -> None:
        lease.full_at = moment(self._clock.now()) + balance.full_in

    def _shown(self, lease: _Lease, quota: Quota) -> Balance:
        """Describe the bucket as it was when it was last seen, as time has gone on since, with what is held."""
        return quota.balance(lease.full_at - quota.refund(lease.points), moment(self._clock.now()))
