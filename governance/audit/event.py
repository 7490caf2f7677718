"""The audit event: a clear header without direct identifiers, and sealed parts, one per person it speaks of.

The header's canonical text (sorted keys, no spaces, UTF-8) is the leaf of the log. It holds the SHA-256 of each sealed
part, so a part can be dropped while everything stays verifiable. The format is versioned and never rewritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from governance.ids import DataSubjectId, EventId, Pseudonym

FORMAT_VERSION: Final = 1
SEALED_CONTEXT: Final = "audit_sealed_part.ciphertext"


class EventKind(StrEnum):
    """What sort of act an event records."""

    DISCLOSURE = "disclosure"
    CHANGE = "change"
    RIGHTS = "rights"
    CONSENT = "consent"
    RECIPIENT = "recipient"
    SECURITY = "security"
    ADMINISTRATION = "administration"


class Outcome(StrEnum):
    """How the act ended."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: a pseudonym (None for nobody known, or a job) and a role."""

    pseudonym: Pseudonym | None
    role: str


@dataclass(frozen=True, slots=True)
class Person:
    """A data subject with the pseudonym under which events speak of them."""

    id: DataSubjectId
    pseudonym: Pseudonym


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One event as the acting code states it.

    `coordinates` are schema coordinates (`Account.email`) or columns (`account.email`); `row_counts` counts rows by
    type; `clauses` are permanent clause IDs of the policy. `sealed` holds, per person, what identifies them (address,
    user agent, justification, digests); it never enters the header. `data_subjects` are all people spoken of.
    """

    kind: EventKind
    actor: Actor
    operation: str
    outcome: Outcome = Outcome.ALLOWED
    document: str = ""
    purposes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    coordinates: frozenset[str] = frozenset()
    data_subjects: frozenset[Pseudonym] = frozenset()
    row_counts: Mapping[str, int] = field(default_factory=dict)
    clauses: frozenset[str] = frozenset()
    request_id: str = ""
    sealed: Mapping[Person, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SealedPart:
    """The ciphertext of one person's part."""

    data_subject: Pseudonym
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event ready to be written: its identity, its canonical header, and its sealed parts."""

    id: EventId
    at: datetime
    kind: EventKind
    outcome: Outcome
    actor: Pseudonym | None
    data_subjects: tuple[Pseudonym, ...]
    header: str
    parts: tuple[SealedPart, ...]


def canonical(value: Mapping[str, Any]) -> bytes:
    """Return the one byte form of a JSON object: keys sorted, no spaces, UTF-8."""
    return msgspec.json.encode(value, order="sorted")


def store_form(event: AuditEvent, event_id: EventId, at: datetime, parts: tuple[SealedPart, ...]) -> StoredEvent:
    """Combine an event with its sealed parts into what is written and hashed."""
    people = tuple(sorted(event.data_subjects | {person.pseudonym for person in event.sealed}, key=str))
    header = {
        "v": FORMAT_VERSION,
        "id": str(event_id),
        "at": at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "kind": event.kind.value,
        "outcome": event.outcome.value,
        "actor": {"pseudonym": str(event.actor.pseudonym) if event.actor.pseudonym else None, "role": event.actor.role},
        "operation": {"name": event.operation, "document": event.document},
        "purposes": sorted(event.purposes),
        "categories": sorted(event.categories),
        "coordinates": sorted(event.coordinates),
        "data_subjects": [str(person) for person in people],
        "rows": dict(event.row_counts),
        "clauses": sorted(event.clauses),
        "request": event.request_id,
        "sealed": [
            {"data_subject": str(part.data_subject), "sha256": hashlib.sha256(part.ciphertext).hexdigest()}
            for part in parts
        ],
    }
    text = canonical(header).decode()
    return StoredEvent(event_id, at, event.kind, event.outcome, event.actor.pseudonym, people, text, parts)
