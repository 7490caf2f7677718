"""Relay: opaque ids and the Node interface. A missing node and somebody else's are the same null."""

import base64
import binascii
from typing import Any, Final
from uuid import UUID

import strawberry

from api.graphql.personal import personal
from api.kit.errors import NotFound
from governance.ids import Pseudonym

KINDS: Final = {
    "Account": 1,
    "Domain": 2,
    "Order": 3,
    "Certificate": 4,
    "Agent": 5,
    "Session": 6,
    "ApiToken": 7,
    "Partner": 8,
    "AccessGrant": 9,
}
"""The number by which an id names its type; permanent."""
_NAMES: Final = {number: name for name, number in KINDS.items()}
_LENGTH: Final = 17


@strawberry.interface(description="An object that can be fetched again by its id.")
class Node:
    """The Relay interface, for types that keep their row in `row` and are called as in `KINDS`."""

    row: strawberry.Private[Any]
    about: strawberry.Private[tuple[Pseudonym, ...]]

    @personal.computed("opaque name of a row", description="Opaque and stable; pass it to `node`.")
    def id(self) -> strawberry.ID:
        """Return the opaque id of the row."""
        return encode_id(type(self).__name__, self.row.id)


def encode_id(kind: str, value: UUID) -> strawberry.ID:
    """Return the opaque id of a row."""
    raw = bytes([KINDS[kind]]) + value.bytes
    return strawberry.ID(base64.urlsafe_b64encode(raw).decode().rstrip("="))


def decode_id(text: str) -> tuple[str, UUID] | None:
    """Return kind and row id, or None for anything that we did not make."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, UnicodeEncodeError, binascii.Error):
        return None
    if len(raw) != _LENGTH or raw[0] not in _NAMES:
        return None
    kind, value = _NAMES[raw[0]], UUID(bytes=raw[1:])
    return (kind, value) if encode_id(kind, value) == text else None


def row_id(text: str, kind: str) -> UUID | None:
    """Return the row id behind an id of this kind; None for any other text."""
    found = decode_id(text)
    return found[1] if found is not None and found[0] == kind else None


def required_id(text: str, kind: str, field: str) -> UUID:
    """Return the row id behind an id of this kind; any other text is answered like a row that is not there."""
    found = row_id(text, kind)
    if found is None:
        raise NotFound("There is no such thing here, or it is not yours. Nothing was changed.", field=(field,))
    return found
