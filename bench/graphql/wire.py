"""How ids, cursors and moments look in the schema, written a second time: a slip in the product's own shows here.

The rule: nothing of `api` is imported.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

ACCOUNT: Final = 1
DOMAIN: Final = 2
CERTIFICATE: Final = 4
"""The first octet of an id tells its type."""


def encode_id(kind: int, value: UUID) -> str:
    return _base64(bytes([kind]) + value.bytes)


def encode_cursor(value: UUID) -> str:
    return _base64(value.bytes)


def encode_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
