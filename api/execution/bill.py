"""The bill of one operation: a fee before its document is looked at, its price before anything runs, a refund after.

The rule: work that was begun is paid. A refund needs an answer with data; an operation that was stopped, failed, or was
left by its caller keeps its price, and a document that is refused keeps the fee, so that parsing is not free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from api.execution.answers import Answer
from api.execution.callers import Callers
from api.execution.charges import SECOND, Balance, Caller, Charges, CostReport
from api.execution.cost import Cost
from api.execution.errors import CostExceeded, CostTooHigh
from api.execution.read import Found
from api.viewer import Viewer
from governance.clock import Clock

_log = structlog.get_logger("api.execution")
ADMISSION: Final = 10
"""Points that a request needs before its document is looked at, and pays when nothing of it ran."""
MOST_PER_OPERATION: Final = 20_000


@dataclass(frozen=True, slots=True)
class Meter:
    """Opens bills. One for each process."""

    charges: Charges
    callers: Callers
    clock: Clock
    most: int = MOST_PER_OPERATION

    def open(self, viewer: Viewer) -> Bill:
        """Return the bill of a viewer's next operation; nothing is charged yet."""
        return Bill(self, self.callers.of(viewer))


class Bill:
    """What one operation was charged so far."""

    __slots__ = ("_balance", "_caller", "_meter", "_requested", "_taken", "_used")

    def __init__(self, meter: Meter, caller: Caller) -> None:
        self._meter = meter
        self._caller = caller
        self._requested = ADMISSION
        self._taken = 0
        self._used = 0
        self._balance: Balance | None = None

    async def admit(self) -> None:
        """Take the fee; raises `CostExceeded` while the bucket is too empty to look at a document."""
        await self._take(ADMISSION)

    async def charge(self, cost: int) -> None:
        """Take the price, in which the fee is counted; raises `CostExceeded` or `CostTooHigh`, and nothing has run."""
        self._requested = cost
        most = min(self._meter.most, self._balance.limit if self._balance else self._meter.most)
        if cost > most:
            raise CostTooHigh(
                f"The operation may cost {cost} points, and {most} is the most for one operation, so nothing ran. "
                "Ask for smaller pages, or split it into several requests."
            )
        await self._take(cost - self._taken)

    async def cancel(self) -> None:
        """Give back the fee of an operation that was looked at and is run, on a bill of its own, right after."""
        await self._adjust(0)

    def used(self, cost: Cost, found: Found) -> None:
        """Note what was found, however it was read."""
        data = found.result.data if found.result is not None else None
        if found.data is not None:
            self._used = cost.actual_of_text(found.data, found.objects, data)
        elif data is not None:
            self._used = cost.actual(data)

    async def settle(self, answer: Answer) -> Answer:
        """Give back what was not used, and write the bill onto the answer.

        Lists that were longer than declared are paid now, as far as points are left.
        """
        if self._balance is None:
            return answer
        actual = self._actual(answer)
        try:
            await self._adjust(actual)
        except Exception as error:  # noqa: BLE001 - an answer is never lost for its bill
            _log.warning("bill_not_settled", error=type(error).__name__)
        report = CostReport(self._requested, actual, self._balance)
        return replace(answer.with_extensions(cost=report.entry()), cost=report)

    async def _adjust(self, actual: int) -> None:
        charges, balance = self._meter.charges, self._balance
        if actual < self._taken:
            self._balance = await charges.give_back(self._caller, self._taken - actual) or balance
        elif actual > self._taken and balance is not None and balance.remaining:
            after = await charges.take(self._caller, min(actual - self._taken, balance.remaining))
            self._balance = after if after.wait is None else balance

    def _actual(self, answer: Answer) -> int:
        if not answer.ran:
            return min(self._taken, ADMISSION)
        return self._taken if answer.shows_nothing else self._used

    async def _take(self, points: int) -> None:
        if points <= 0:
            return
        balance = await self._meter.charges.take(self._caller, points)
        if balance.wait is None:
            self._balance, self._taken = balance, self._taken + points
            return
        whole = balance.wait - (-self._taken * SECOND // balance.restore)  # the next try pays the fee again
        self._balance = replace(balance, wait=whole)
        raise CostExceeded(
            f"This needs {self._requested} points of cost and {balance.remaining} are left, so nothing ran. "
            "Come back at `retryAt`, ask for smaller pages, or ask less often.",
            retry_at=self._meter.clock.now() + timedelta(microseconds=whole),
        )
