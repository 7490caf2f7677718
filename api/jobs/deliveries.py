"""Send one queued mail: one attempt for each job, at least once in all, always with the same Message-ID.

Order: the attempt is recorded, then the mail is sent, then its end is stored; a death in between repeats the mail.
One rule: the fencing token is checked in both transactions, so of two claims only one can store its result.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult

from api.db.sessions import WriteSession
from api.jobs.due import DueSource
from api.jobs.queue import Task
from api.kit.metrics import Metrics
from api.mail.outbox import SEALED_CONTEXT, MailContent
from api.mail.registry import SENT_WITHOUT_CONSENT
from api.mail.rendering import MailNotRendered, MailRenderer, RecipientRefused
from api.mail.sending import MailDeferred, MailRefused, MailTransport
from api.models import GOVERNANCE, DeliveryRow
from api.viewer import JOB
from api.work import Work, Works
from governance.audit.event import EventKind, Outcome, Person
from governance.errors import DataSubjectErased
from governance.ids import DataSubjectId, Pseudonym

LEASE: Final = timedelta(minutes=5)
TIME_LIMIT: Final = timedelta(minutes=2)
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
GIVEN_UP_AFTER: Final = timedelta(days=5)
_JITTER: Final = 0.2

_log = structlog.get_logger("api.jobs")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A mail that this job alone may send now."""

    delivery_id: UUID
    generation: int
    person: Person
    template: str
    content: bytes
    number: int
    created_at: datetime


class Deliveries:
    """Sends queued mails. `chance` gives numbers from 0 to 1 for the jitter of pauses."""

    def __init__(
        self,
        *,
        works: Works,
        renderer: MailRenderer,
        transport: MailTransport,
        metrics: Metrics,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._works = works
        self._renderer = renderer
        self._transport = transport
        self._metrics = metrics
        self._chance = chance

    async def send(self, delivery_id: UUID, generation: int) -> None:
        """Make one attempt and store how it ended. Does nothing for a claim that was lost or a mail that is done."""
        attempt = await self._begin(delivery_id, generation)
        if attempt is None:
            return
        try:
            content = await self._works.keys.unseal(attempt.person.id, attempt.content, SEALED_CONTEXT)
            message = self._renderer.render(
                delivery_id, attempt.template, msgspec.json.decode(content, type=MailContent), self._works.clock.now()
            )
            await self._transport.send(message)
        except DataSubjectErased as error:
            await self._give_up(attempt, error.code)
        except RecipientRefused as error:
            await self._give_up(attempt, error.code)
        except MailRefused as error:
            await self._give_up(attempt, f"{error.code} {error.reply_code}")
        except MailDeferred as error:
            await self._try_later(attempt, f"{error.code} {error.reply_code}")
        except MailNotRendered as error:
            await self._try_later(attempt, error.code)
        else:
            await self._store(attempt, "sent", status="sent", sent_at=self._works.clock.now(), **_DONE)

    async def _begin(self, delivery_id: UUID, generation: int) -> _Attempt | None:
        """Record the attempt before anything leaves, and renew the lease, which may be nearly over by now."""
        async with self._works.open(JOB) as work:
            attempt = await _locked(work.session, delivery_id, generation)
            if attempt is None:
                return None
            if not self._may_be_sent(attempt):
                await self._refuse(work, attempt)
                return None
            await work.session.execute(
                _if_still_ours(attempt).values(attempts=attempt.number, next_action_at=work.clock.now() + LEASE)
            )
            await work.record(
                EventKind.RECIPIENT,
                "sendMail",
                DeliveryRow.content,
                about=[attempt.person],
                clauses=["2.3-a"],
                rows={"delivery": 1},
            )
        return attempt

    def _may_be_sent(self, attempt: _Attempt) -> bool:
        """Tell whether the mail's tag lets it go without a consent on record; no consents are kept yet."""
        listed = self._renderer.templates.get(attempt.template)
        return listed is None or listed.tag in SENT_WITHOUT_CONSENT

    async def _refuse(self, work: Work, attempt: _Attempt) -> None:
        await work.session.execute(_if_still_ours(attempt).values(status="failed", error="NO_CONSENT", **_DONE))
        await work.record(
            EventKind.RECIPIENT,
            "sendMail",
            DeliveryRow.content,
            about=[attempt.person],
            clauses=["2.3-a"],
            outcome=Outcome.DENIED,
        )
        self._count(attempt, "refused", "NO_CONSENT")

    async def _give_up(self, attempt: _Attempt, why: str) -> None:
        await self._store(attempt, "failed", why, status="failed", error=why, **_DONE)

    async def _try_later(self, attempt: _Attempt, why: str) -> None:
        now = self._works.clock.now()
        again = now + pause(attempt.number, self._chance())
        if again > attempt.created_at + GIVEN_UP_AFTER:
            await self._give_up(attempt, why)
            return
        await self._store(attempt, "deferred", why, error=why, next_action_at=again)

    async def _store(self, attempt: _Attempt, outcome: str, why: str = "", **values: Any) -> None:
        async with self._works.sessions.write() as session:
            stored = await session.execute(_if_still_ours(attempt).values(**values))
        assert isinstance(stored, CursorResult)
        if stored.rowcount:
            self._count(attempt, outcome, why)

    def _count(self, attempt: _Attempt, outcome: str, why: str) -> None:
        listed = self._renderer.templates.get(attempt.template)
        self._metrics.delivery(listed.tag.value if listed else "unlisted", outcome)
        _log.info(
            "mail_attempted",
            delivery_id=attempt.delivery_id,
            mail_template=attempt.template,
            attempts=attempt.number,
            outcome=outcome,
            reason=why,
        )


_DONE: Final[dict[str, Any]] = {"content": None, "next_action_at": None}
"""What ends a mail, sent or not: nobody needs its words and its recipient any more."""


def deliveries_source(deliveries: Deliveries) -> DueSource:
    """Return the outbox as a source of due rows."""
    table = DeliveryRow.metadata.tables[DeliveryRow.__tablename__]
    return DueSource(table, Task("send_delivery", deliveries.send, TIME_LIMIT), lease=LEASE)


def pause(attempts: int, chance: float) -> timedelta:
    """Return how long to wait after the n-th attempt: from a minute, doubled each time, to six hours, ± a fifth."""
    whole: timedelta = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return min(whole * (1 + _JITTER * (2 * chance - 1)), LONGEST_PAUSE)


def _if_still_ours(attempt: _Attempt) -> Any:
    return update(DeliveryRow).where(
        DeliveryRow.id == attempt.delivery_id,
        DeliveryRow.generation == attempt.generation,
        DeliveryRow.status == "waiting",
    )


async def _locked(session: WriteSession, delivery_id: UUID, generation: int) -> _Attempt | None:
    person = GOVERNANCE.data_subject.c
    found = await session.execute(
        select(DeliveryRow, person.pseudonym)
        .join(GOVERNANCE.data_subject, person.id == DeliveryRow.data_subject_id)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.generation == generation, DeliveryRow.status == "waiting")
        .with_for_update(of=DeliveryRow)
    )
    row = found.one_or_none()
    if row is None or row.DeliveryRow.content is None:
        return None
    delivery = row.DeliveryRow
    return _Attempt(
        delivery_id=delivery.id,
        generation=generation,
        person=Person(DataSubjectId(delivery.data_subject_id), Pseudonym(row.pseudonym)),
        template=delivery.template,
        content=delivery.content,
        number=delivery.attempts + 1,
        created_at=delivery.created_at,
    )
