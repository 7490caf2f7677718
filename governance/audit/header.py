"""The header of a stored event, read back: the same names as `AuditEvent`, typed, and nothing it does not know.

A reader of format 1 refuses other formats instead of guessing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from governance.audit.event import EventKind, Outcome
from governance.errors import GovernanceError


class HeaderActor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who acted."""

    pseudonym: UUID | None
    role: str


class HeaderOperation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was run: a name, and the hash of its document where there was one."""

    name: str
    document: str


class HeaderSealedPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a person has a sealed part, with the SHA-256 of its ciphertext in hex; the part itself may be gone."""

    data_subject: UUID
    sha256: str


class EventHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The clear part of an event."""

    version: Literal[1] = msgspec.field(name="v")
    id: UUID
    at: datetime
    kind: EventKind
    outcome: Outcome
    actor: HeaderActor
    operation: HeaderOperation
    purposes: tuple[str, ...]
    categories: tuple[str, ...]
    coordinates: tuple[str, ...]
    data_subjects: tuple[UUID, ...]
    row_counts: dict[str, int] = msgspec.field(name="rows")
    clauses: tuple[str, ...]
    request_id: str = msgspec.field(name="request")
    sealed: tuple[HeaderSealedPart, ...]


_DECODER = msgspec.json.Decoder(EventHeader)


def parse_header(text: str) -> EventHeader:
    """Read a stored header. Raises `GovernanceError` for text that no version of this program wrote."""
    try:
        return _DECODER.decode(text)
    except msgspec.MsgspecError as error:
        raise GovernanceError(
            "An audit event could not be read, because its header was altered or is of a newer format. "
            "Nothing was shown. Update the program; if that does not help, compare the log with its backup."
        ) from error
