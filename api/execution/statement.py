"""A compiled operation: one SQL statement, what to bind to it, and how its bytes become an answer.

The statement returns JSON text in UTF-8 with marks in it (`sql_text`): one before each object, by which rows are
counted and the fields that were really shown are known, and brackets around what Python still has to make.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api.execution.arguments import Coerced
from api.execution.sql_text import BROKEN, CLOSE, MARKS, OPEN

_BRACKETED: Final = re.compile(rb"\x01(\d+):(.*?)\x02", re.DOTALL)
_BROKEN: Final = BROKEN.encode()
_MARKS: Final = "".join(MARKS).encode()
assert (OPEN, CLOSE) == ("\x01", "\x02")


class UnexpectedNull(Exception):
    """A value that is never null was null; the resolvers tell where, with its path."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the viewer when a statement is bound; `row` is the row that a change left behind."""

    account: UUID | None
    person: UUID | None
    session: UUID | None
    now: datetime
    row: UUID | None = None


Bind = Callable[[Known, Coerced], Any]
Make = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Mark:
    """One place of the answer where objects of a type stand, with the personal fields that are shown of each.

    Without a `byte` the objects hold the place's number, under a name that no field can have (`masking`).
    """

    byte: bytes
    type: str
    coordinates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer's data as JSON, the personal fields that were shown, rows by type; `objects` counts all there are."""

    data: bytes
    coordinates: frozenset[str]
    row_counts: Mapping[str, int]
    objects: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What `compile_fields` made. Without `sql` the data is `constant`.

    `left` holds the response keys that the resolvers still answer; their JSON goes into the answer's text at its place.
    """

    sql: str
    constant: str
    binds: tuple[Bind, ...]
    marks: tuple[Mark, ...]
    makes: tuple[Make, ...]
    left: tuple[str, ...]

    @property
    def size(self) -> int:
        """Return how many bytes it holds in memory, roughly."""
        return 2 * len(self.sql) + 512

    def parameters(self, known: Known, coerced: Coerced) -> list[Any]:
        """Return the parameters; raises `NotCompiled` for arguments that the resolvers must judge."""
        return [bind(known, coerced) for bind in self.binds]

    def outcome(self, text: bytes, left: Sequence[bytes] = ()) -> Outcome:
        """Finish the answer's data; raises `UnexpectedNull`."""
        counts = [text.count(mark.byte) for mark in self.marks]
        return self.told(self.finished(text, left), counts, sum(counts))

    def finished(self, text: bytes, left: Sequence[bytes] = ()) -> bytes:
        """Return the answer's data as JSON; raises `UnexpectedNull`."""
        if _BROKEN in text:
            raise UnexpectedNull
        text = text.translate(None, _MARKS)
        return self._filled(text, left) if self.makes or self.left else text

    def told(self, data: bytes, counts: Sequence[int], objects: int) -> Outcome:
        """Say what data tells: `counts` are the objects shown at each place, `objects` all that were read."""
        coordinates: set[str] = set()
        rows: dict[str, int] = {}
        for mark, count in zip(self.marks, counts, strict=True):
            if count and mark.coordinates:
                coordinates |= mark.coordinates
                rows[mark.type] = rows.get(mark.type, 0) + count
        return Outcome(data, frozenset(coordinates), rows, objects)

    def _filled(self, text: bytes, left: Sequence[bytes]) -> bytes:
        def fill(found: re.Match[bytes]) -> bytes:
            number = int(found[1])
            if number < len(self.makes):
                return self.makes[number](found[2].decode())
            return left[number - len(self.makes)]

        return _BRACKETED.sub(fill, text)
