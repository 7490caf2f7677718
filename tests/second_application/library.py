"""The library at work: readers join, borrow, are fined, and ask; every answer waits for its record."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from governance.audit.disclosures import Disclosures
from governance.audit.event import Actor, AuditEvent, EventKind, Person
from governance.audit.seal import EventSealer
from governance.audit.trail import AuditTrail
from governance.audit.writer import AuditLog, Connect
from governance.clock import ManualClock
from governance.graphql import Governed, schema_tags, stored_column
from governance.ids import DataSubjectId, Pseudonym, new_id, new_pseudonym
from governance.keys import ContentKeys
from tests.second_application.tables import GOVERNANCE, VOCABULARY, BookRow, FineRow, Keep, LoanRow, Purpose, ReaderRow

REASON = str(stored_column(FineRow.reason))
personal = Governed(Purpose, Keep, VOCABULARY)


@dataclass(frozen=True)
class Library:
    """What the library keeps running."""

    engine: AsyncEngine
    keys: ContentKeys
    sealer: EventSealer
    clock: ManualClock
    connect_audit: Connect

    @property
    def sessions(self) -> Any:
        return async_sessionmaker(self.engine, expire_on_commit=False)

    async def join(self, name: str, email: str | None) -> tuple[Person, UUID]:
        """Take in a reader: the key first, then the person, then the row."""
        person = Person(DataSubjectId(new_id(self.clock)), new_pseudonym())
        await self.keys.create(person.id)
        reader = new_id(self.clock)
        async with self.sessions.begin() as session:
            await session.execute(
                insert(GOVERNANCE.data_subject).values(
                    id=person.id, kind="reader", pseudonym=person.pseudonym, created_at=self.clock.now()
                )
            )
            session.add(ReaderRow(id=reader, data_subject_id=person.id, name=name, email=email, password_hash="argon2"))
            await AuditTrail(GOVERNANCE, self.sealer).record(session, self._event(EventKind.CHANGE, person, "join"))
        return person, reader

    async def borrow(self, person: Person, reader: UUID, title: str, fined_for: str) -> UUID:
        """Lend a book and, at once, fine the reader; the reason is sealed."""
        loan = new_id(self.clock)
        reason = await self.keys.seal(person.id, fined_for.encode(), REASON)
        async with self.sessions.begin() as session:
            book = BookRow(id=new_id(self.clock), title=title)
            session.add(book)
            await session.flush()
            session.add(LoanRow(id=loan, reader_id=reader, book_id=book.id, due=date(2026, 12, 1)))
            await session.flush()
            session.add(FineRow(id=new_id(self.clock), loan_id=loan, cents=50, reason=reason))
            await session.execute(update(ReaderRow).where(ReaderRow.id == reader).values(last_loan_id=loan))
            await AuditTrail(GOVERNANCE, self.sealer).record(session, self._event(EventKind.CHANGE, person, "borrow"))
        return loan

    async def answer(self, log: AuditLog, person: Person, document: str) -> dict[str, Any] | None:
        """Answer a query; nothing leaves before its record is durable."""
        context = Context(self, person)
        result = await SCHEMA.execute(document, context_value=context)
        if result.errors:
            raise RuntimeError(result.errors)
        if context.disclosures:
            await log.append(self._event(EventKind.DISCLOSURE, person, "ask", context.disclosures))
        return result.data

    def _event(self, kind: EventKind, person: Person, operation: str, shown: Disclosures | None = None) -> AuditEvent:
        shown = shown or Disclosures(data_subjects={person.pseudonym})
        tags = [TAGS_BY_FIELD[coordinate] for coordinate in shown.coordinates]
        return AuditEvent(
            kind,
            Actor(person.pseudonym, "reader"),
            operation,
            categories=frozenset(tag.category for tag in tags),
            coordinates=frozenset(shown.coordinates),
            data_subjects=frozenset(shown.data_subjects),
            row_counts=shown.row_counts,
            sealed={person: {"desk": "window 3"}},
        )


@dataclass
class Context:
    library: Library
    person: Person
    disclosures: Disclosures = field(default_factory=Disclosures)
    masked: frozenset[str] = frozenset()


@strawberry.type(description="A fine.")
class Fine:
    row: strawberry.Private[FineRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    cents: int = personal.field(FineRow.cents, description="How much.")

    @personal.field(FineRow.reason, description="What for.")
    async def reason(self, info: strawberry.Info) -> str:
        context: Context = info.context
        return (await context.library.keys.unseal(context.person.id, self.row.reason, REASON)).decode()


@strawberry.type(description="A book that somebody has at home.")
class Loan:
    row: strawberry.Private[LoanRow]
    book: strawberry.Private[BookRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    due: date = personal.field(LoanRow.due, description="When it is due.")
    title: str = personal.plain(BookRow.title, description="What it is called.", row="book")

    @strawberry.field(description="Fines on it.")
    async def fines(self, info: strawberry.Info) -> list[Fine]:
        async with info.context.library.sessions() as session:
            rows = await session.scalars(select(FineRow).where(FineRow.loan_id == self.row.id))
            return [Fine(row=row, about=self.about) for row in rows]


@strawberry.type(description="Somebody who borrows books.")
class Reader:
    row: strawberry.Private[ReaderRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    id: strawberry.ID = personal.plain(ReaderRow.id, description="The reader's number.")
    name: str = personal.field(ReaderRow.name, description="What we call the reader.")
    email: str | None = personal.field(ReaderRow.email, description="Where reminders go.")

    @strawberry.field(description="What the reader has at home.")
    async def loans(self, info: strawberry.Info) -> list[Loan]:
        async with info.context.library.sessions() as session:
            found = await session.execute(
                select(LoanRow, BookRow)
                .join(BookRow, BookRow.id == LoanRow.book_id)
                .where(LoanRow.reader_id == self.row.id)
            )
            return [Loan(row=loan, book=book, about=self.about) for loan, book in found]


@strawberry.type
class Query:
    @strawberry.field(description="You.")
    async def me(self, info: strawberry.Info) -> Reader:
        context: Context = info.context
        async with context.library.sessions() as session:
            row = (await session.scalars(select(ReaderRow).where(ReaderRow.data_subject_id == context.person.id))).one()
        return Reader(row=row, about=(context.person.pseudonym,))

    @personal.computed("the same for everybody", description="When the library is open.")
    def opening_hours(self) -> str:
        return "9 to 5"


SCHEMA = strawberry.Schema(Query)
TAGS_BY_FIELD = schema_tags(SCHEMA)
