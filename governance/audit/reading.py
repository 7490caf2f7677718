"""Reading the log: events newest first, page by page, for officers and for the person they speak of.

Pages are cut by key (time, id), so events that arrive meanwhile neither repeat nor hide one. Reading the log is itself
an access that the caller records.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Select, Uuid, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.event import EventKind, Outcome
from governance.audit.header import EventHeader, parse_header
from governance.ids import EventId, Pseudonym
from governance.models import GovernanceTables

PAGE_LIMIT: Final = 500
COUNT_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; what is left out does not restrict. `since` counts, `until` does not (both UTC-aware)."""

    kinds: frozenset[EventKind] = frozenset()
    outcomes: frozenset[Outcome] = frozenset()
    actor: Pseudonym | None = None
    data_subject: Pseudonym | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventKey:
    """Where a page ends: the time and id of its last event."""

    at: datetime
    id: EventId


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """One event as the log holds it. `intact` is false where a column contradicts the header it repeats."""

    key: EventKey
    header: EventHeader
    intact: bool


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first, and whether older ones follow."""

    events: tuple[ReadEvent, ...]
    has_more: bool


EVERYTHING: Final = EventFilter()


class AuditReader:
    """Reads the log in a caller's session; it needs no right but SELECT on the two tables."""

    def __init__(self, tables: GovernanceTables) -> None:
        self._events = tables.audit_event

    async def page(
        self, session: AsyncSession, wanted: EventFilter = EVERYTHING, *, first: int, after: EventKey | None = None
    ) -> EventPage:
        """Return up to `first` events (0 to `PAGE_LIMIT`) older than `after`."""
        if not 0 <= first <= PAGE_LIMIT:
            raise ValueError(f"a page holds 0 to {PAGE_LIMIT} events")
        columns = self._events.c
        statement = self._select(wanted).order_by(columns.at.desc(), columns.id.desc()).limit(first + 1)
        if after is not None:
            statement = statement.where(tuple_(columns.at, columns.id) < tuple_(after.at, after.id))
        rows = (await session.execute(statement)).all()
        return EventPage(tuple(_read(row) for row in rows[:first]), has_more=len(rows) > first)

    async def count(self, session: AsyncSession, wanted: EventFilter = EVERYTHING) -> int:
        """Return how many events match, counting no further than `COUNT_LIMIT`: the log may hold a hundred million."""
        matching = self._select(wanted).with_only_columns(self._events.c.id).limit(COUNT_LIMIT).subquery()
        return int((await session.execute(select(func.count()).select_from(matching))).scalar_one())

    async def events_about(
        self, session: AsyncSession, person: Pseudonym, *, first: int, after: EventKey | None = None
    ) -> EventPage:
        """Return the events that speak of one person, whoever acted (GDPR Art. 15; CJEU C-579/21)."""
        return await self.page(session, EventFilter(data_subject=person), first=first, after=after)

    def _select(self, wanted: EventFilter) -> Select[Any]:
        return select(self._events).where(*self._conditions(wanted))

    def _conditions(self, wanted: EventFilter) -> list[ColumnElement[bool]]:
        columns = self._events.c
        conditions: list[ColumnElement[bool]] = []
        if wanted.kinds:
            conditions.append(columns.kind.in_(sorted(kind.value for kind in wanted.kinds)))
        if wanted.outcomes:
            conditions.append(columns.outcome.in_(sorted(outcome.value for outcome in wanted.outcomes)))
        if wanted.actor is not None:
            conditions.append(columns.actor == wanted.actor)
        if wanted.data_subject is not None:
            person = cast(array([wanted.data_subject]), ARRAY(Uuid()))
            conditions.append(columns.data_subjects.op("@>", is_comparison=True)(person))
        if wanted.since is not None:
            conditions.append(columns.at >= wanted.since)
        if wanted.until is not None:
            conditions.append(columns.at < wanted.until)
        return conditions


def _read(row: Row[Any]) -> ReadEvent:
    header = parse_header(row.header)
    return ReadEvent(EventKey(row.at.astimezone(UTC), EventId(row.id)), header, _repeats(row, header))


def _repeats(row: Row[Any], header: EventHeader) -> bool:
    """Tell whether the columns say what the header says; the header is what was hashed."""
    stored: tuple[datetime, UUID, str, str, UUID | None, tuple[UUID, ...]] = (
        row.at,
        row.id,
        row.kind,
        row.outcome,
        row.actor,
        tuple(row.data_subjects),
    )
    return stored == (
        header.at,
        header.id,
        header.kind.value,
        header.outcome.value,
        header.actor.pseudonym,
        header.data_subjects,
    )
