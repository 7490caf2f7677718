"""The tables of governance, as definitions that an application adds to its own metadata.

Two groups live in two databases: people and audit events in the main one, wrapped content keys in the other, so that
the keys have a backup cycle of their own and destroying one also reaches old backups of the main database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ARRAY,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from governance.tags import NotPersonal, PersonalData, Unlinkable, tagged

DATA_SUBJECT: Final = "data_subject"
AUDIT_EVENT: Final = "audit_event"
AUDIT_SEALED_PART: Final = "audit_sealed_part"
CONTENT_KEY: Final = "content_key"


@dataclass(frozen=True, slots=True)
class GovernanceTags:
    """How the application tags the columns of governance; only it knows its purposes and retention classes."""

    pseudonym: PersonalData
    first_seen: PersonalData
    event_header: PersonalData
    sealed_part: PersonalData
    sealed_part_of: PersonalData


@dataclass(frozen=True, slots=True)
class GovernanceTables:
    """The tables of the main database."""

    data_subject: Table
    audit_event: Table
    audit_sealed_part: Table


def define_tables(metadata: MetaData, tags: GovernanceTags) -> GovernanceTables:
    """Add the governance tables to `metadata`."""
    return GovernanceTables(
        data_subject=_data_subject(metadata, tags),
        audit_event=_audit_event(metadata, tags),
        audit_sealed_part=_audit_sealed_part(metadata, tags),
    )


def _data_subject(metadata: MetaData, tags: GovernanceTags) -> Table:
    """Hold everyone we know. Deleting the row destroys the only link from a pseudonym to a person."""
    return Table(
        DATA_SUBJECT,
        metadata,
        Column("id", Uuid(), primary_key=True),
        Column("kind", String(16), nullable=False, info=tagged(NotPersonal("a role that many people share"))),
        Column("pseudonym", Uuid(), nullable=False, unique=True, info=tagged(tags.pseudonym)),
        Column("created_at", DateTime(timezone=True), nullable=False, info=tagged(tags.first_seen)),
    )


def _audit_event(metadata: MetaData, tags: GovernanceTags) -> Table:
    """Hold one row per operation; `header` is the exact text that is hashed, the others repeat it for filters."""
    header = tagged(tags.event_header)
    return Table(
        AUDIT_EVENT,
        metadata,
        Column("at", DateTime(timezone=True), primary_key=True, info=header),
        Column("id", Uuid(), primary_key=True),
        Column("kind", String(16), nullable=False, info=tagged(NotPersonal("one of seven kinds of event"))),
        Column("outcome", String(16), nullable=False, info=tagged(NotPersonal("allowed, denied or failed"))),
        Column("actor", Uuid(), info=header),
        Column("data_subjects", ARRAY(Uuid()), nullable=False, info=header),
        Column("header", Text(), nullable=False, info=header),
        Index("ix_audit_event_id", "id"),
        Index("ix_audit_event_actor", "actor", "id"),
        Index("ix_audit_event_data_subjects", "data_subjects", postgresql_using="gin"),
        info={
            "data_subject": Unlinkable("holds pseudonyms only; destroying the link or the keys is the erasure"),
            "partitioned_by_month": True,
        },
        postgresql_partition_by="RANGE (at)",
    )


def _audit_sealed_part(metadata: MetaData, tags: GovernanceTags) -> Table:
    """Hold what identifies a person in an event, one part per person, under that person's content key."""
    return Table(
        AUDIT_SEALED_PART,
        metadata,
        Column("at", DateTime(timezone=True), primary_key=True, info=tagged(tags.sealed_part_of)),
        Column("event_id", Uuid(), primary_key=True),
        Column("data_subject", Uuid(), primary_key=True, info=tagged(tags.sealed_part_of)),
        Column("ciphertext", LargeBinary(), nullable=False, info=tagged(tags.sealed_part)),
        info={
            "data_subject": Unlinkable("sealed under the content key of the person; without it nobody can read it"),
            "partitioned_by_month": True,
        },
        postgresql_partition_by="RANGE (at)",
    )


def define_key_tables(metadata: MetaData, key_tag: PersonalData) -> Table:
    """Add the table of wrapped content keys, which lives in the keys database, to its own `metadata`."""
    return Table(
        CONTENT_KEY,
        metadata,
        Column("data_subject_id", Uuid(), primary_key=True),
        Column("epoch", Integer(), nullable=False, info=tagged(NotPersonal("number of a key-encryption key"))),
        Column("wrapped_key", LargeBinary(), nullable=False, info=tagged(key_tag)),
        Column("created_at", DateTime(timezone=True), nullable=False, info=tagged(NotPersonal("when a key was made"))),
        UniqueConstraint("wrapped_key", name="uq_content_key_wrapped_key"),
        info={"data_subject": Unlinkable("the row is the key of one data subject and says nothing else")},
    )
