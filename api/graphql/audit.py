"""The audit log for officers and auditors: events newest first, headers only; nothing sealed is opened here."""

from datetime import datetime
from enum import Enum
from typing import Final
from uuid import UUID

import strawberry

from api.graphql.connections import Connection, Edge, PageInfo, page_bounds
from api.graphql.context import Context
from api.graphql.cursors import Cursor
from api.graphql.personal import personal
from api.models import GOVERNANCE
from governance.audit.event import EventKind
from governance.audit.header import EventHeader
from governance.audit.reading import AuditReader, EventFilter, EventKey
from governance.ids import EventId, Pseudonym

Info = strawberry.Info[Context, None]
_HEADER = GOVERNANCE.audit_event.c.header
_reader = AuditReader(GOVERNANCE)
_NOBODY: Final = Pseudonym(UUID(int=0))


@strawberry.enum(name="AuditEventKind", description="What sort of act an event records.")
class AuditEventKind(Enum):
    """Kinds of events; the values are what is stored."""

    DISCLOSURE = strawberry.enum_value("disclosure", description="Personal data was shown.")
    CHANGE = strawberry.enum_value("change", description="Personal data was changed.")
    RIGHTS = strawberry.enum_value("rights", description="A right was exercised.")
    CONSENT = strawberry.enum_value("consent", description="Consent was given, refused or withdrawn.")
    RECIPIENT = strawberry.enum_value("recipient", description="Personal data left for a recipient.")
    SECURITY = strawberry.enum_value("security", description="Something concerning safety: sign-ins, refusals.")
    ADMINISTRATION = strawberry.enum_value("administration", description="The platform itself was run.")


@strawberry.type(description="How many rows of a type an event touched.")
class RowCount:
    """One count."""

    type: str = personal.computed("a type's name", description="The type.")
    rows: int = personal.computed("a number of rows", description="How many.")


@strawberry.type(description="One event of the audit log: who did what to which data, without direct identifiers.")
class AuditEvent:
    """An event's clear header, field by field."""

    row: strawberry.Private[EventHeader]
    about: strawberry.Private[tuple[Pseudonym, ...]]

    @personal.field(_HEADER, description="The event's own id.")
    def id(self) -> strawberry.ID:
        """Return the event's own id."""
        return strawberry.ID(str(self.row.id))

    @personal.field(_HEADER, description="When it happened, UTC.")
    def at(self) -> datetime:
        """When it happened, UTC."""
        return self.row.at

    @personal.field(_HEADER, description="What sort of act.")
    def kind(self) -> AuditEventKind:
        """Say what sort of act."""
        return AuditEventKind(self.row.kind.value)

    @personal.field(_HEADER, description="allowed, denied or failed.")
    def outcome(self) -> str:
        """Say how it ended."""
        return self.row.outcome.value

    @personal.field(_HEADER, description="Pseudonym of who acted; null for nobody known and for jobs.")
    def actor(self) -> str | None:
        """Pseudonym of who acted; null for nobody known and for jobs."""
        return str(self.row.actor.pseudonym) if self.row.actor.pseudonym else None

    @personal.field(_HEADER, description="In what capacity.")
    def actor_role(self) -> str:
        """In what capacity."""
        return self.row.actor.role

    @personal.field(_HEADER, description="What was run.")
    def operation(self) -> str:
        """Name what was run."""
        return self.row.operation.name

    @personal.field(_HEADER, description="SHA-256 of the GraphQL document, if there was one.")
    def document(self) -> str:
        """SHA-256 of the GraphQL document, if there was one."""
        return self.row.operation.document

    @personal.field(_HEADER, description="What for: codes of the policy.")
    def purposes(self) -> list[str]:
        """Name the purposes."""
        return list(self.row.purposes)

    @personal.field(_HEADER, description="Data categories concerned.")
    def categories(self) -> list[str]:
        """Name the data categories."""
        return list(self.row.categories)

    @personal.field(_HEADER, description="Fields or columns concerned.")
    def coordinates(self) -> list[str]:
        """Fields or columns concerned."""
        return list(self.row.coordinates)

    @personal.field(_HEADER, description="Pseudonyms of the people it speaks of.")
    def data_subjects(self) -> list[str]:
        """Pseudonyms of the people it speaks of."""
        return [str(person) for person in self.row.data_subjects]

    @strawberry.field(description="Rows by type.")
    def rows(self) -> list[RowCount]:
        """Rows by type."""
        return [RowCount(type=name, rows=count) for name, count in self.row.row_counts.items()]

    @personal.field(_HEADER, description="Clauses of the privacy policy it serves.")
    def clauses(self) -> list[str]:
        """Clauses of the privacy policy it serves."""
        return list(self.row.clauses)

    @personal.field(_HEADER, description="The request it belongs to.")
    def request_id(self) -> str:
        """Name the request it belongs to."""
        return self.row.request_id


@strawberry.input(description="Which events; what is left out does not restrict.")
class AuditEventFilter:
    """A filter."""

    kinds: list[AuditEventKind] | None = strawberry.field(default=None, description="Any of these kinds.")
    actor: strawberry.ID | None = strawberry.field(default=None, description="The pseudonym of who acted.")
    data_subject: strawberry.ID | None = strawberry.field(default=None, description="The pseudonym of a person.")
    since: datetime | None = strawberry.field(default=None, description="From this moment on.")
    until: datetime | None = strawberry.field(default=None, description="Before this moment.")


async def read_events(
    info: Info, first: int, after: Cursor | None, wanted: AuditEventFilter | None
) -> Connection[AuditEvent]:
    """Return a page of the log; the reading itself becomes an event."""
    size, _ = page_bounds(first, None)
    chosen = _filter(wanted)
    async with info.context.sessions.read() as session:
        page = await _reader.page(session, chosen, first=size, after=_key(after))

    async def count() -> int:
        async with info.context.sessions.read() as counting:
            return await _reader.count(counting, chosen)

    edges = [
        Edge(
            cursor=Cursor(event.key.id, event.key.at),
            node=AuditEvent(row=event.header, about=tuple(Pseudonym(person) for person in event.header.data_subjects)),
        )
        for event in page.events
    ]
    info_of_page = PageInfo(
        has_next_page=page.has_more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info_of_page, counter=count)


def _filter(wanted: AuditEventFilter | None) -> EventFilter:
    if wanted is None:
        return EventFilter()
    return EventFilter(
        kinds=frozenset(EventKind(str(kind.value)) for kind in wanted.kinds or ()),
        actor=_pseudonym(wanted.actor),
        data_subject=_pseudonym(wanted.data_subject),
        since=wanted.since,
        until=wanted.until,
    )


def _pseudonym(text: str | None) -> Pseudonym | None:
    """Return the pseudonym; a text that is none becomes one that nobody has, so that nothing matches."""
    if text is None:
        return None
    try:
        return Pseudonym(UUID(text))
    except ValueError:
        return _NOBODY


def _key(after: Cursor | None) -> EventKey | None:
    return EventKey(after.moment, EventId(after.id)) if after is not None else None
