"""Places in lists, as a scalar: opaque to callers, refused as input before anything runs where we did not make it.

A cursor names the row it stands at. Rows of all lists have ids of version 7, so a cursor of one list is a moment in any
other; the log of events, which is cut by time first, also writes the time down.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition

_ID_BYTES: Final = 16
_TIME_BYTES: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TIME_SHIFT: Final = 80  # RFC 9562, 5.7: the first 48 of 128 bits are milliseconds


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place: after this row. `at` is there only where the list is cut by time."""

    id: UUID
    at: datetime | None = None

    @property
    def moment(self) -> datetime:
        """Return the time of the place: the one written down, else the one in the id."""
        if self.at is not None:
            return self.at
        milliseconds = self.id.int >> _TIME_SHIFT
        return min(_EPOCH + timedelta(milliseconds=min(milliseconds, _MILLISECONDS)), _LATEST)


_MILLISECONDS: Final = (_LATEST - _EPOCH) // timedelta(milliseconds=1)


def encode_cursor(cursor: Cursor) -> str:
    """Return the text of a cursor."""
    raw = cursor.id.bytes
    if cursor.at is not None:
        raw = ((cursor.at - _EPOCH) // _MICROSECOND).to_bytes(_TIME_BYTES, "big", signed=True) + raw
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(text: object) -> Cursor:
    """Return the cursor of a text that we made; any other raises, and the value sent is not repeated."""
    try:
        cursor = _decode(text)
    except (ValueError, OverflowError, binascii.Error):
        cursor = None
    if cursor is None or encode_cursor(cursor) != text:
        message = "Value cannot represent a Cursor: take it from `pageInfo` or an edge, as it was given."
        raise StrawberryInputCoercionError(message)
    return cursor


def _decode(text: object) -> Cursor | None:
    if not isinstance(text, str):
        return None
    raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    row = UUID(bytes=raw[-_ID_BYTES:])
    if len(raw) == _ID_BYTES:
        return Cursor(row)
    if len(raw) == _TIME_BYTES + _ID_BYTES:
        return Cursor(row, _EPOCH + int.from_bytes(raw[:_TIME_BYTES], "big", signed=True) * _MICROSECOND)
    return None


CURSOR: Final[ScalarDefinition] = strawberry.scalar(
    name="Cursor",
    description="An opaque place in a list. Take it from `pageInfo` or an edge; any other text is refused as input.",
    serialize=encode_cursor,
    parse_value=decode_cursor,
)
