"""Orders and revocations as jobs: one job advances one row and ends; waiting is the row's `next_action_at`.

The rule: names of tasks are permanent, and a lease outlasts its task's time limit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from api.certificates.advance import OrderAdvancer
from api.certificates.revocation import Revoker
from api.certificates.store import LEASE, ORDERS, REVOCATIONS
from api.jobs.due import DueSource
from api.jobs.queue import Task

TIME_LIMIT: Final = timedelta(seconds=90)


def order_sources(
    advancer: OrderAdvancer, revoker: Revoker, *, lease: timedelta = LEASE, time_limit: timedelta = TIME_LIMIT
) -> tuple[DueSource, DueSource]:
    """Return what the due-scanner watches for certificates. Shorter times recover sooner after a kill."""
    return (
        DueSource(ORDERS, Task("advance_order", advancer.advance, time_limit), lease),
        DueSource(REVOCATIONS, Task("advance_revocation", revoker.advance, time_limit), lease),
    )
