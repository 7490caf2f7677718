"""The unit of work: one write transaction, who acts in it, and the record of what changed, committed together.

Services are handed a `Work`. They never commit, never defer jobs, and record each change in the transaction that makes
it, so that a change without its record cannot exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from api.db.sessions import Sessions, WriteSession
from api.viewer import Viewer
from governance.audit.event import AuditEvent, EventKind, Outcome, Person
from governance.audit.trail import AuditTrail
from governance.clock import Clock
from governance.keys import ContentKeys
from governance.tags import PersonalData, tag_of

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction in progress."""

    session: WriteSession
    viewer: Viewer
    clock: Clock
    trail: AuditTrail
    keys: ContentKeys
    actors: list[Viewer] = field(default_factory=list, repr=False)
    """Everybody who acted in this transaction so far, whichever of its `Work`s they act through."""

    def acting_as(self, viewer: Viewer) -> Work:
        """Return the same transaction with a viewer who is known by now (sign-up, sign-in)."""
        self.actors.append(viewer)
        return replace(self, viewer=viewer)

    async def record(
        self,
        kind: EventKind,
        operation: str,
        *columns: Column,
        about: Iterable[Person] = (),
        clauses: Iterable[str] = (),
        rows: Mapping[str, int] | None = None,
        outcome: Outcome = Outcome.ALLOWED,
        sealed: Mapping[Person, Mapping[str, Any]] | None = None,
    ) -> None:
        """Write the event of a change: `columns` are those that were written, `about` whose rows they were.

        Categories and purposes come from the columns' tags. The caller's address goes into the caller's sealed part.
        """
        stored = [column.property.columns[0] for column in columns]
        tags = [tag for tag in map(tag_of, stored) if isinstance(tag, PersonalData)]
        bodies = {**self.viewer.sealed_origin(), **(sealed or {})}
        await self.trail.record(
            self.session,
            AuditEvent(
                kind=kind,
                actor=self.viewer.actor,
                operation=operation,
                outcome=outcome,
                purposes=frozenset(str(purpose.value) for tag in tags for purpose in tag.purposes),
                categories=frozenset(tag.category for tag in tags),
                coordinates=frozenset(str(column) for column in stored),
                data_subjects=frozenset(person.pseudonym for person in about),
                row_counts=dict(rows or {}),
                clauses=frozenset(clauses),
                request_id=self.viewer.origin.request_id,
                sealed=bodies,
            ),
        )


def _nobody_asks(_viewer: Viewer) -> None:
    return


@dataclass(frozen=True, slots=True)
class Works:
    """Opens units of work; made once in the composition root."""

    sessions: Sessions
    clock: Clock
    trail: AuditTrail
    keys: ContentKeys
    acted: Callable[[Viewer], None] = _nobody_asks
    """Told of everybody who acted, once what they did stands, or may stand: a commit can fail without an answer."""

    @asynccontextmanager
    async def open(self, viewer: Viewer) -> AsyncIterator[Work]:
        """Commit on a clean exit, with every record; keep nothing on any error."""
        actors = [viewer]
        try:
            async with self.sessions.write() as session:
                yield Work(session, viewer, self.clock, self.trail, self.keys, actors)
        finally:
            for each in actors:
                self.acted(each)
