"""From a tree of selected fields to one SQL statement that returns the JSON text of the answer.

The rule: `_Rows.where` puts the tenant predicate in at every relation; there is no other way to name a table here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLNonNull

from api.execution.arguments import Coerced, NotCompiled, Read
from api.execution.compile_page import PageWriter
from api.execution.compile_parts import OfArgument, Parts
from api.execution.made import maker
from api.execution.selection import TYPENAME, Field
from api.execution.sources import Decode, Leaf, Lookup, Made, Many, One, Page, Same, Source, Sources
from api.execution.sql_text import BROKEN, NULL, Text, literal
from api.execution.statement import Statement

Decisions = Mapping[int, Hashable]
"""What was decided of a field for this shape of the variables, by the field's identity (`decide.deciders`)."""
_PLACE: Final = re.compile(r"\{(\w+)\}")


def compile_fields(
    fields: Sequence[Field], sources: Sources, *, decisions: Decisions, masked: Collection[str], walled: bool
) -> Statement:
    """Compile root fields; those that are not covered stay `left` to the resolvers, whole.

    Raises `NotCompiled` where none is covered. `masked` coordinates are null. `walled` sets the viewer in the same
    statement for row-level security.
    """
    compiler = _Compiler(sources, decisions, frozenset(masked))
    text = Text("{")
    reasons: list[str] = []
    for position, field in enumerate(fields):
        text.constant(f'{"," if position else ""}"{field.key}":')
        before = compiler.parts.copy()
        try:
            text.append(compiler.root(field))
        except NotCompiled as left:
            compiler.parts = before
            reasons.append(left.reason)
            compiler.parts.left.append(field.key)
            text.append(compiler.parts.slot(field.key))
    text.constant("}")
    if len(reasons) == len(fields):
        raise NotCompiled(", ".join(sorted(set(reasons))))
    return compiler.parts.statement(text, walled=walled)


def compile_row(field: Field, kind: str, sources: Sources, *, decisions: Decisions, walled: bool) -> Statement:
    """Compile what is selected of one row, for a change that knows its id; raises `NotCompiled` for any gap."""
    compiler = _Compiler(sources, decisions, frozenset())
    return compiler.parts.statement(compiler.row(field, kind), walled=walled)


class _Compiler:
    """Writes one statement."""

    def __init__(self, sources: Sources, decisions: Decisions, masked: frozenset[str]) -> None:
        self._sources = sources
        self._decisions = decisions
        self._masked = masked
        self.parts = Parts()
        pages = PageWriter(self, sources, decisions)
        self._writers: dict[type, Callable[[Field, Any, str], Text]] = {
            Leaf: self._leaf,
            Same: self._same,
            One: self._one,
            Many: self._many,
            Page: pages.connection,
            Made: self._made,
        }

    def root(self, field: Field) -> Text:
        """Return the value of a root field."""
        if field.name == TYPENAME:
            return Text(f'"{field.parent}"')
        mapped = self._sources.fields.get(field.coordinate)
        if isinstance(mapped, One):
            return self._one(field, mapped, "")
        if isinstance(mapped, Lookup):
            kind = self._decisions[id(field)]
            if kind is None:
                return Text(NULL)
            row = self.parts.of_field(field, _row_id(mapped), "id", "uuid")
            return self._row(field, str(kind), f"{{t}}.id = {row}", "")
        raise NotCompiled(field.coordinate)

    def row(self, field: Field, kind: str) -> Text:
        """Return the row of a type whose id is known."""
        return self._row(field, kind, "{t}.id = {row}", "")

    def object(self, kind: str, fields: Sequence[Field], alias: str) -> Text:
        """Return an object of a type, from the row that `alias` names; its mark stands before it.

        Where fields are masked its number stands inside instead, because what is masked may take the object with it.
        """
        shown = frozenset(
            field.coordinate
            for field in fields
            if field.coordinate in self._sources.personal and field.coordinate not in self._masked
        )
        text = (
            Text(f'{{"":{self.parts.place(kind, shown)}') if self._masked else Text(self.parts.mark(kind, shown), "{")
        )
        for position, field in enumerate(fields):
            text.constant(f'{"," if position or self._masked else ""}"{field.key}":')
            text.append(self._value(field, alias))
        return text.constant("}")

    def where(self, source: Source, alias: str, on: str, parent: str) -> str:
        """Return the condition of a relation: how it hangs together, whose it is, what is shown at all."""
        conditions = [one for one in (on, source.mine, source.live) if one]
        return " and ".join(self._filled(one, alias, parent) for one in conditions)

    def table(self, kind: str) -> Source:
        """Return the table behind a type; a type that no source describes is left to the resolvers."""
        source = self._sources.tables.get(kind)
        if source is None:
            raise NotCompiled(kind)
        return source

    def _filled(self, template: str, alias: str, parent: str) -> str:
        known = {"t": alias, "p": parent}
        return _PLACE.sub(lambda found: known.get(found[1]) or self.parts.known(found[1]), template)

    def _value(self, field: Field, alias: str) -> Text:
        if field.name == TYPENAME:
            return Text(f'"{field.parent}"')
        if field.coordinate in self._masked:
            return Text(NULL)
        mapped = self._sources.fields.get(field.coordinate)
        write = self._writers.get(type(mapped))
        if write is None:
            raise NotCompiled(field.coordinate)
        return write(field, mapped, alias)

    def _same(self, field: Field, _mapped: Same, alias: str) -> Text:
        ((kind, below),) = field.children.items()
        return self.object(kind, below, alias)

    def _made(self, field: Field, mapped: Made, alias: str) -> Text:
        made = self.parts.made(maker(field, mapped.make), self._filled(mapped.sql, alias, ""))
        return Text().expression(f"coalesce({made}, {literal(_null(field))})")

    def _leaf(self, field: Field, mapped: Leaf, alias: str) -> Text:
        sql = self._filled(mapped.sql, alias, "")
        if mapped.nullable:
            whole = Text('"').expression(sql).constant('"').sql() if mapped.quoted else sql
            return Text().expression(f"coalesce({whole}, {literal(_null(field))})")
        return Text('"').expression(sql).constant('"') if mapped.quoted else Text().expression(sql)

    def _one(self, field: Field, mapped: One, alias: str) -> Text:
        on = mapped.on
        for name in mapped.arguments:
            if self._decisions[id(field)] is None:
                return Text(NULL)
            decode = mapped.arguments[name]
            value = self.parts.of_field(field, _decoded(decode), name, "uuid")
            on = on.replace(f"{{{name}}}", value)
        return self._row(field, mapped.type, on, alias)

    def _row(self, field: Field, kind: str, on: str, parent: str) -> Text:
        source, alias = self.table(kind), self.parts.alias()
        shown = self.object(kind, field.children[kind], alias)
        where = self.where(source, alias, on, parent)
        sql = f"(select {shown.sql()} from {source.table} {alias} where {where})"
        return Text().expression(f"coalesce({sql}, {literal(_null(field))})")

    def _many(self, field: Field, mapped: Many, parent: str) -> Text:
        source, alias = self.table(mapped.type), self.parts.alias()
        item = self.object(mapped.type, field.children[mapped.type], alias)
        where = self.where(source, alias, mapped.on, parent)
        sort = self._filled(mapped.order, alias, parent)
        sql = f"(select string_agg({item.sql()}, ',' order by {sort}) from {source.table} {alias} where {where})"
        return Text("[").expression(f"coalesce({sql}, '')").constant("]")


def _decoded(decode: Decode) -> OfArgument:
    return lambda coerced, read: decode(read(coerced))


def _row_id(lookup: Lookup) -> OfArgument:
    def row_id(coerced: Coerced, read: Read) -> Any:
        found = lookup.decode(read(coerced))
        return found[1] if found is not None else None

    return row_id


def _null(field: Field) -> str:
    """Return what stands for NULL: null, or the sign that a value is broken."""
    return BROKEN if isinstance(field.definition.type, GraphQLNonNull) else NULL
