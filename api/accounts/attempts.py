"""Attempts with a password or a code: counted first, looked at then, and recorded whatever comes of them (2.4-a).

The rule: `count`, the comparison, and the record of its outcome are three steps; the first and the last commit by
themselves, and the one between holds no connection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, literal, null, select, update

from api.accounts.errors import TooManyAttempts
from api.accounts.mails import mail_throttled
from api.accounts.parts import AccountParts
from api.accounts.security_log import SecurityEvent, log_security
from api.auth.throttle import Blocked, Bucket
from api.auth.throttle_store import admit, forgive
from api.models import SecurityEventRow, ThrottleRow
from api.viewer import Viewer
from api.work import Work
from governance.audit.event import EventKind, Outcome, Person

NOTICE_EVERY: Final = timedelta(hours=6)
"""A holder is told at most this often that sign-in is slowed down, however long somebody goes on trying."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom the caller claims to be: an account holder or staff, with where to write to."""

    person: Person
    password_hash: str = field(repr=False)
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted as a failure in advance. `blocked_until` is set if it was the last free one."""

    operation: str
    event: SecurityEvent
    claimed: Claimed | None
    buckets: tuple[Bucket, ...]
    blocked_until: datetime | None


async def admit_or_refuse(work: Work, buckets: tuple[Bucket, ...]) -> datetime | None:
    """Count in every bucket; raise `TooManyAttempts`, the same for known and unknown addresses, if one is full.

    Return until when further attempts are refused, if this was the last that was free.
    """
    decision = await admit(work.session, buckets, work.clock.now())
    if isinstance(decision, Blocked):
        raise TooManyAttempts(decision.retry_at)
    return decision.attempts.blocked_until if decision.newly_blocked else None


async def count(
    work: Work, operation: str, event: SecurityEvent, claimed: Claimed | None, buckets: tuple[Bucket, ...]
) -> Attempt:
    """Count an attempt as failed; let the transaction commit before looking at what was sent."""
    return Attempt(operation, event, claimed, buckets, await admit_or_refuse(work, buckets))


async def password_matches(parts: AccountParts, attempt: Attempt, password: str) -> bool:
    """Compare; an address nobody has costs the same work. Hold no unit of work meanwhile."""
    if attempt.claimed is None:
        await parts.passwords.verify_dummy(password)
        return False
    return await parts.passwords.verify(attempt.claimed.password_hash, password)


async def record_failure(parts: AccountParts, viewer: Viewer, attempt: Attempt) -> None:
    """Commit what a failed attempt leaves: its entry in the security log, and a notice if the next are blocked."""
    async with parts.works.open(viewer) as work:
        if attempt.claimed is None:
            await work.record(
                EventKind.SECURITY, attempt.operation, ThrottleRow.failures, clauses=["2.4-a"], outcome=Outcome.FAILED
            )
            return
        await log_security(work, attempt.claimed.person, attempt.event, attempt.operation, succeeded=False)
        if attempt.blocked_until is not None:
            await _notify(work, attempt, attempt.claimed, attempt.blocked_until)


async def take_back(work: Work, attempt: Attempt) -> None:
    """Uncount an attempt that was right: clear the account's or device's counter, and one from the source's.

    The source keeps its failures, so nobody clears them by signing in to an account of their own in between.
    """
    await forgive(work.session, attempt.buckets)
    for bucket in attempt.buckets[1:]:
        fewer = func.greatest(ThrottleRow.failures - 1, 0)
        still_blocked = case((fewer >= literal(bucket.rule.free), ThrottleRow.blocked_until), else_=null())
        await work.session.execute(
            update(ThrottleRow)
            .where(ThrottleRow.bucket == bucket.hash)
            .values(failures=fewer, blocked_until=still_blocked)
        )


async def _notify(work: Work, attempt: Attempt, claimed: Claimed, until: datetime) -> None:
    throttled = SecurityEvent.SIGN_IN_THROTTLED
    told = await work.session.scalar(
        select(SecurityEventRow.id)
        .where(
            SecurityEventRow.data_subject_id == claimed.person.id,
            SecurityEventRow.kind == throttled.value,
            SecurityEventRow.at > work.clock.now() - NOTICE_EVERY,
        )
        .limit(1)
    )
    await log_security(work, claimed.person, throttled, attempt.operation, succeeded=False)
    if told is None:
        await mail_throttled(work, claimed.person, claimed.email, claimed.language, until)
