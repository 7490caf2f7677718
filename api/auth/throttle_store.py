"""The counters of the throttle in their table.

The rule: an attempt is counted, in a transaction that commits, before its password is looked at; so parallel guesses
on any number of processes are counted one after the other, and a crash forgives nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from api.auth.throttle import Attempts, Blocked, Bucket, Counted, count_attempt, latest_retry
from api.db.sessions import WriteSession
from api.models import ThrottleRow


async def admit(session: WriteSession, buckets: Sequence[Bucket], now: datetime) -> Counted | Blocked:
    """Count one attempt in every counter, or in none if one of them blocks.

    Rows are made and locked in one order, so two attempts never deadlock. `Counted.newly_blocked` is true when any
    counter reached its limit with this attempt.
    """
    ordered = sorted(buckets, key=lambda bucket: bucket.hash)
    before = await _locked(session, ordered, now)
    decisions = [count_attempt(bucket, before.get(bucket.hash), now) for bucket in ordered]
    retry_at = latest_retry(decisions)
    if retry_at is not None:
        return Blocked(retry_at)
    counted = [decision for decision in decisions if isinstance(decision, Counted)]
    for bucket, decision in zip(ordered, counted, strict=True):
        await _write(session, bucket, decision.attempts)
    worst = max(counted, key=lambda decision: decision.attempts.failures)
    return Counted(worst.attempts, newly_blocked=any(decision.newly_blocked for decision in counted))


async def forgive(session: WriteSession, buckets: Sequence[Bucket]) -> None:
    """Clear the first counter (the account's or the device's) after success; the source keeps its own count.

    All are locked first, in the one order, and none is deleted: an attempt that waits for a counter must find it again.
    """
    await lock_counters(session, buckets)
    cleared = {"failures": 0, "blocked_until": None}
    await session.execute(update(ThrottleRow).where(ThrottleRow.bucket == buckets[0].hash).values(cleared))


async def lock_counters(session: WriteSession, buckets: Sequence[Bucket]) -> dict[bytes, Attempts]:
    """Lock the counters that exist, in the order everybody locks them."""
    columns = select(ThrottleRow.bucket, ThrottleRow.failures, ThrottleRow.last_at, ThrottleRow.blocked_until)
    hashes = [bucket.hash for bucket in buckets]
    locked = await session.execute(
        columns.where(ThrottleRow.bucket.in_(hashes)).order_by(ThrottleRow.bucket).with_for_update()
    )
    return {row.bucket: Attempts(row.failures, row.last_at, row.blocked_until) for row in locked}


async def _locked(session: WriteSession, ordered: Sequence[Bucket], now: datetime) -> dict[bytes, Attempts]:
    hashes = [bucket.hash for bucket in ordered]
    fresh = Attempts(0, now)
    rows = [{"bucket": h, "failures": 0, "last_at": now, "expires_at": fresh.expires_at} for h in hashes]
    await session.execute(insert(ThrottleRow).values(rows).on_conflict_do_nothing())
    return await lock_counters(session, ordered)


async def _write(session: WriteSession, bucket: Bucket, attempts: Attempts) -> None:
    values = {
        "failures": attempts.failures,
        "last_at": attempts.last_at,
        "blocked_until": attempts.blocked_until,
        "expires_at": attempts.expires_at,
    }
    statement = insert(ThrottleRow).values(bucket=bucket.hash, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[ThrottleRow.bucket], set_=values))
