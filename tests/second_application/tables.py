"""A library that lends books: its words, its tables and its tags. It uses governance unchanged and knows no other code.

A reader points to the last loan and a loan to its reader (a ring), and a loan to two readers (two paths).
"""

from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from governance.catalog import Catalog
from governance.ids import DataSubjectId
from governance.models import GovernanceTags, define_key_tables, define_tables
from governance.tags import Access, Erasure, NotPersonal, Origin, PersonalData, Retained, Through, tagged
from governance.vocabulary import LawfulBasis, PurposeEntry, RetentionEntry, Vocabulary


class Purpose(Enum):
    LENDING = "lending"
    REMINDERS = "reminders"
    FINES = "fines"
    PROOF = "proof"


class Keep(Enum):
    MEMBER = "MEMBER"
    LOAN = "LOAN"
    BOOKS = "BOOKS"
    LOG = "LOG"


VOCABULARY = Vocabulary(
    {
        Purpose.LENDING: PurposeEntry("lend books", "1", LawfulBasis.CONTRACT, "leaving the library"),
        Purpose.REMINDERS: PurposeEntry("remind of due dates", "1", LawfulBasis.CONSENT, "one click"),
        Purpose.FINES: PurposeEntry("collect fines", "2", LawfulBasis.LEGAL_OBLIGATION, "cannot be ended"),
        Purpose.PROOF: PurposeEntry("prove who saw what", "3", LawfulBasis.LEGAL_OBLIGATION, "cannot be ended"),
    },
    {
        Keep.MEMBER: RetentionEntry("readers", "while a member", "contract"),
        Keep.LOAN: RetentionEntry("loans", "until the book is back, and a month", "contract"),
        Keep.BOOKS: RetentionEntry("fines", "10 years", "the town's accounts"),
        Keep.LOG: RetentionEntry("audit events", "3 years", "accountability"),
    },
)


def held(category: str, purpose: Purpose, keep: Keep, origin: Origin = Origin.PROVIDED, **more: Any) -> PersonalData:
    return PersonalData(category, "1", frozenset({purpose}), origin, keep, **more)


LOG = held("user.unique_id.pseudonymous", Purpose.PROOF, Keep.LOG, Origin.OBSERVED)
TAGS = GovernanceTags(
    pseudonym=LOG,
    first_seen=held("user.account", Purpose.LENDING, Keep.MEMBER, Origin.OBSERVED),
    event_header=LOG,
    sealed_part=held("user.device", Purpose.PROOF, Keep.LOG, Origin.OBSERVED, sealed=True),
    sealed_part_of=LOG,
)
ACCOUNTS = Retained("the town's accounts", "10 years after the fine")


class Base(DeclarativeBase):
    type_annotation_map = {datetime: DateTime(timezone=True), UUID: Uuid(), DataSubjectId: Uuid()}  # noqa: RUF012


class BookRow(Base):
    __tablename__ = "book"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(info=tagged(NotPersonal("printed on the book")))


class ReaderRow(Base):
    __tablename__ = "reader"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id"), unique=True)
    name: Mapped[str] = mapped_column(info=tagged(held("user.name", Purpose.LENDING, Keep.MEMBER, self_editable=True)))
    email: Mapped[str | None] = mapped_column(info=tagged(held("user.contact.email", Purpose.REMINDERS, Keep.MEMBER)))
    password_hash: Mapped[str] = mapped_column(
        info=tagged(held("user.authorization", Purpose.LENDING, Keep.MEMBER, Origin.DERIVED, access=Access.STATE_ONLY))
    )
    last_loan_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("loan.id", ondelete="SET NULL", use_alter=True, name="fk_reader_last_loan")
    )


class LoanRow(Base):
    __tablename__ = "loan"
    __table_args__ = {"info": {"data_subject": Through("reader_id")}}  # noqa: RUF012
    id: Mapped[UUID] = mapped_column(primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(ForeignKey("reader.id", ondelete="CASCADE"))
    book_id: Mapped[UUID] = mapped_column(ForeignKey("book.id"))
    recommended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("reader.id", ondelete="SET NULL"))
    due: Mapped[date] = mapped_column(info=tagged(held("user.behavior", Purpose.LENDING, Keep.LOAN, Origin.OBSERVED)))


class FineRow(Base):
    __tablename__ = "fine"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loan.id", ondelete="CASCADE"))
    cents: Mapped[int] = mapped_column(
        info=tagged(
            held(
                "user.financial",
                Purpose.FINES,
                Keep.BOOKS,
                Origin.DERIVED,
                erasure=Erasure.RETAIN,
                retained=ACCOUNTS,
                recipients=("the town's treasury",),
            )
        )
    )
    reason: Mapped[bytes] = mapped_column(
        LargeBinary, info=tagged(held("user.content", Purpose.FINES, Keep.LOAN, Origin.OBSERVED, sealed=True))
    )


GOVERNANCE = define_tables(Base.metadata, TAGS)
KEYS_METADATA = MetaData()
CONTENT_KEYS = define_key_tables(
    KEYS_METADATA, held("user.authorization", Purpose.PROOF, Keep.MEMBER, Origin.DERIVED, access=Access.STATE_ONLY)
)
CATALOG = Catalog.of(VOCABULARY, Base.metadata, KEYS_METADATA)
