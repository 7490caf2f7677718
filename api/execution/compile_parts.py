"""What a statement consists of while it is written: parameters, aliases, marks, makers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from api.execution.arguments import Coerced, NotCompiled, Read, argument_reader
from api.execution.selection import Field
from api.execution.sql_text import CLOSE, MARKS, OPEN, Text
from api.execution.statement import Bind, Make, Mark, Statement

_KNOWN: Final[dict[str, tuple[Bind, str]]] = {
    "account": (lambda known, _: known.account, "uuid"),
    "person": (lambda known, _: known.person, "uuid"),
    "session": (lambda known, _: known.session, "uuid"),
    "row": (lambda known, _: known.row, "uuid"),
    "now": (lambda known, _: known.now, "timestamptz"),
}
OfArgument = Callable[[Coerced, Read], Any]


@dataclass(slots=True)
class Parts:
    """Collects them; `copy` before a root field that may turn out not to be covered."""

    binds: list[Bind] = field(default_factory=list)
    numbers: dict[object, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    makes: list[Make] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    aliases: int = 0

    def copy(self) -> Parts:
        """Return parts that go on from here without touching these."""
        return replace(
            self,
            binds=list(self.binds),
            numbers=dict(self.numbers),
            marks=list(self.marks),
            makes=list(self.makes),
            left=list(self.left),
        )

    def alias(self) -> str:
        """Return a new name for a row."""
        self.aliases += 1
        return f"t{self.aliases}"

    def known(self, name: str) -> str:
        """Return the parameter for something known of the viewer."""
        bind, kind = _KNOWN[name]
        return self._parameter(name, bind, kind)

    def of_field(self, selected: Field, decode: OfArgument, name: str, kind: str) -> str:
        """Return the parameter that an argument of a field gives."""
        read = argument_reader(selected, name)
        return self._parameter((id(selected), name), lambda _, coerced: decode(coerced, read), kind)

    def _parameter(self, key: object, bind: Bind, kind: str) -> str:
        if key not in self.numbers:
            self.binds.append(bind)
            self.numbers[key] = f"${len(self.binds)}::{kind}"
        return self.numbers[key]

    def mark(self, kind: str, coordinates: frozenset[str]) -> str:
        """Return the mark of a place where objects stand; when marks run out, one of the same type serves twice."""
        if len(self.marks) < len(MARKS):
            self.marks.append(Mark(MARKS[len(self.marks)].encode(), kind, coordinates))
            return MARKS[len(self.marks) - 1]
        for position, mark in reversed(list(enumerate(self.marks))):
            if mark.type == kind:
                self.marks[position] = replace(mark, coordinates=mark.coordinates | coordinates)
                return mark.byte.decode()
        raise NotCompiled("many places")

    def place(self, kind: str, coordinates: frozenset[str]) -> int:
        """Return the number of a place where objects stand, for answers that are gone through before they are told."""
        self.marks.append(Mark(b"", kind, coordinates))
        return len(self.marks) - 1

    def made(self, make: Make, sql: str) -> str:
        """Return SQL that brackets a text for a maker; NULL stays NULL."""
        self.makes.append(make)
        return f"'{OPEN}{len(self.makes) - 1}:' || {sql} || '{CLOSE}'"

    def slot(self, key: str) -> Text:
        """Return the place of a root field that the resolvers answer; numbered when the statement is finished."""
        return Text(f"{OPEN}{key}{CLOSE}")

    def statement(self, text: Text, *, walled: bool) -> Statement:
        """Return the finished statement."""
        numbered = Text()
        for is_sql, part in text.parts():
            if is_sql:
                numbered.expression(part)
            else:
                for position, key in enumerate(self.left):
                    part = part.replace(f"{OPEN}{key}{CLOSE}", f"{OPEN}{len(self.makes) + position}:{CLOSE}")  # noqa: PLW2901
                numbered.constant(part)
        if numbered.is_constant:
            return Statement("", numbered.constant_text, (), tuple(self.marks), tuple(self.makes), tuple(self.left))
        sql = numbered.sql()
        if walled:
            wall = f"set_config('sslm.account', coalesce({self.known('account')}::text, ''), true) is not null"
            if "person" in self.numbers:
                wall += f" and set_config('sslm.person', coalesce({self.known('person')}::text, ''), true) is not null"
            sql = f"case when {wall} then {sql} end"
        return Statement(f"select {sql}", "", tuple(self.binds), tuple(self.marks), tuple(self.makes), tuple(self.left))
