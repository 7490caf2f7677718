"""Pieces of JSON text that SQL joins: constants and expressions, neighbours merged.

The rule: whatever the caller wrote (aliases) enters as a constant, quoted here and nowhere else. Marks are control
characters, which no JSON text holds: they tell rows apart in the finished answer and are taken out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

OPEN: Final = "\x01"
CLOSE: Final = "\x02"
BROKEN: Final = "\x03"
"""Stands where a value that is never null was null."""
MARKS: Final = tuple(chr(code) for code in (*range(4, 9), 11, 12, *range(14, 32)))
NULL: Final = "null"


def literal(text: str) -> str:
    """Return an SQL string literal (`standard_conforming_strings` is on)."""
    return "'" + text.replace("'", "''") + "'"


class Text:
    """JSON text in the making."""

    def __init__(self, *pieces: str) -> None:
        self._parts: list[tuple[bool, str]] = []
        for piece in pieces:
            self.constant(piece)

    def constant(self, text: str) -> Text:
        """Add text that is the same in every answer."""
        if self._parts and not self._parts[-1][0]:
            self._parts[-1] = (False, self._parts[-1][1] + text)
        elif text:
            self._parts.append((False, text))
        return self

    def expression(self, sql: str) -> Text:
        """Add what an SQL expression of type text gives; it must never be NULL."""
        self._parts.append((True, sql))
        return self

    def append(self, other: Text) -> Text:
        """Add another text."""
        for is_sql, part in other.parts():
            if is_sql:
                self.expression(part)
            else:
                self.constant(part)
        return self

    def parts(self) -> Iterator[tuple[bool, str]]:
        """Yield the pieces: whether each is SQL, and its text."""
        yield from self._parts

    @property
    def is_constant(self) -> bool:
        """Tell whether no SQL is needed."""
        return not any(is_sql for is_sql, _ in self._parts)

    @property
    def constant_text(self) -> str:
        """Return the text of a constant one."""
        return "".join(part for _, part in self._parts)

    def sql(self) -> str:
        """Return one SQL expression of type text."""
        return " || ".join(part if is_sql else literal(part) for is_sql, part in self._parts) or "''"


def columns_of(alias: str, *sqls: str) -> Iterator[str]:
    """Yield the columns of a row that pieces of SQL name, each once; constants name none, for names hold no dots."""
    seen: dict[str, None] = {}
    for sql in sqls:
        seen.update(dict.fromkeys(re.findall(rf"\b{alias}\.(\w+)", sql)))
    yield from seen
