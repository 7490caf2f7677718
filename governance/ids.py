"""Identifiers: UUID version 7 (RFC 9562), made in the application so that any PostgreSQL from 15 up will do.

They sort by time of creation, which keeps keyset pages and index inserts cheap.
"""

from __future__ import annotations

import secrets
from typing import NewType
from uuid import UUID

from governance.clock import Clock

DataSubjectId = NewType("DataSubjectId", UUID)
Pseudonym = NewType("Pseudonym", UUID)
EventId = NewType("EventId", UUID)

_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def new_id(clock: Clock) -> UUID:
    """Return a version-7 UUID: 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = int(clock.now().timestamp() * 1000)
    random_a = secrets.randbits(12)
    random_b = secrets.randbits(62)
    return UUID(int=(milliseconds << 80) | _VERSION_7 | (random_a << 64) | _VARIANT | random_b)


def new_pseudonym() -> Pseudonym:
    """Return a fully random UUID (version 4): a pseudonym must not tell when its person arrived."""
    value = secrets.randbits(128)
    value = (value & ~(0xF << 76)) | (0x4 << 76)
    value = (value & ~(0b11 << 62)) | _VARIANT
    return Pseudonym(UUID(int=value))
