"""Keep only what may be kept, for as long as Annex D says: what has expired goes, in batches, by the injected clock.

One rule: each batch is one transaction with its own record of what was removed, so a crash half-way loses nothing and
a repetition does no harm.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import ColumnElement, delete, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from api.jobs.expired_people import destroy_orphaned_keys, remove_unverified_accounts
from api.jobs.invitations import remove_expired_invitations
from api.jobs.removals import record_removal
from api.jobs.security_history import shorten_security_events
from api.kit.metrics import Metrics
from api.models import (
    Base,
    ChargeRow,
    DeliveryRow,
    IdempotencyKeyRow,
    OneTimeLinkRow,
    RecognisedDeviceRow,
    SessionRow,
    ThrottleRow,
)
from api.viewer import JOB
from api.work import Work, Works
from governance.audit.partitions import make_partitions

BATCH: Final = 1000
LINK_GRACE: Final = timedelta(days=1)
"""A link's row outlives the link, so that whoever follows it is told that it expired and not that it never was."""
MAIL_HISTORY: Final = timedelta(days=730)

_log = structlog.get_logger("api.jobs")


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of a table that may not be kept any longer; `name` is the operation under which the log records it."""

    name: str
    row: type[Base]
    over: Callable[[datetime], ColumnElement[bool]]


EXPIRIES: Final[tuple[Expiry, ...]] = (
    Expiry(
        "removeEndedSessions", SessionRow, lambda now: or_(SessionRow.expires_at <= now, SessionRow.revoked_at <= now)
    ),
    Expiry("removeExpiredLinks", OneTimeLinkRow, lambda now: OneTimeLinkRow.expires_at <= now - LINK_GRACE),
    Expiry("removeForgottenDevices", RecognisedDeviceRow, lambda now: RecognisedDeviceRow.expires_at <= now),
    Expiry("removeThrottles", ThrottleRow, lambda now: ThrottleRow.expires_at <= now),
    Expiry("removeFullBuckets", ChargeRow, lambda now: ChargeRow.full_at <= now),
    Expiry("removeIdempotencyKeys", IdempotencyKeyRow, lambda now: IdempotencyKeyRow.expires_at <= now),
    Expiry(
        "removeOldMailHistory",
        DeliveryRow,
        lambda now: (DeliveryRow.status != "waiting") & (DeliveryRow.created_at <= now - MAIL_HISTORY),
    ),
)
"""What simply goes when its time is over."""

Step = Callable[[], Awaitable[int]]


class Maintenance:
    """Runs every step once, as often as it is asked to; several processes may do so at the same time."""

    def __init__(self, *, works: Works, keys_engine: AsyncEngine, metrics: Metrics, batch: int = BATCH) -> None:
        self._works = works
        self._keys_engine = keys_engine
        self._metrics = metrics
        self._batch = batch

    async def run(self) -> dict[str, int]:
        """Return how many rows each step removed or shortened. The steps depend on one another in nothing."""
        await self._make_partitions()
        done: dict[str, int] = {}
        for name, step in self._steps():
            done[name] = await step()
            if done[name]:
                self._metrics.removed(name, done[name])
                _log.info("maintenance_step", step=name, rows=done[name])
        return done

    def _steps(self) -> list[tuple[str, Step]]:
        works, batch = self._works, self._batch
        steps: list[tuple[str, Step]] = [
            (expiry.name, partial(remove_expired, works, expiry, batch)) for expiry in EXPIRIES
        ]
        steps.append(("shortenSecurityEvents", partial(shorten_security_events, works, batch)))
        steps.append(("removeUnverifiedAccounts", partial(remove_unverified_accounts, works, batch)))
        steps.append(("removeExpiredInvitations", partial(remove_expired_invitations, works, batch)))
        steps.append(("destroyOrphanedKeys", partial(destroy_orphaned_keys, works, self._keys_engine, batch)))
        return steps

    async def _make_partitions(self) -> None:
        """Make room for the audit events of the coming months; without it the log would refuse them, and we too."""
        async with self._works.sessions.write() as session:
            count = await make_partitions(session)
        if count:
            _log.info("audit_partitions_made", count=count)


async def remove_expired(works: Works, expiry: Expiry, batch: int) -> int:
    """Delete what is over, batch after batch; return how many rows went."""
    removed = 0
    while True:
        async with works.open(JOB) as work:
            count = await _remove_batch(work, expiry, batch)
        removed += count
        if count < batch:
            return removed


async def _remove_batch(work: Work, expiry: Expiry, batch: int) -> int:
    table = Base.metadata.tables[expiry.row.__tablename__]
    keys = tuple(table.primary_key.columns)
    over = select(*keys).where(expiry.over(work.clock.now())).limit(batch).with_for_update(skip_locked=True).cte("over")
    chosen = select(*(over.c[key.name] for key in keys))
    removed = await work.session.execute(
        delete(table).where(tuple_(*keys).in_(chosen) if len(keys) > 1 else keys[0].in_(chosen)).returning(keys[0])
    )
    count = len(removed.all())
    await record_removal(work, expiry.name, expiry.row, count)
    return count
