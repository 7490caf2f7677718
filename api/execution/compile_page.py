"""Relay connections in SQL: one scan for the edges and what is known of the page, a count where it is asked for.

Rows go from the newest to the oldest by id. One row more than asked for is read where it must be known whether more
follow; it is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from api.execution.arguments import Coerced, NotCompiled, Read
from api.execution.compile_parts import Parts
from api.execution.selection import TYPENAME, Field
from api.execution.sources import Filter, Page, Source, Sources
from api.execution.sql_text import Text, columns_of

PageShape = tuple[bool, tuple[str, ...]]
"""Whether a cursor is given, and which filters."""
_BEYOND: Final = frozenset({"hasNextPage", "startCursor", "endCursor"})


class Writer(Protocol):
    """What a page asks of the compiler."""

    parts: Parts

    def object(self, kind: str, fields: Sequence[Field], alias: str) -> Text:
        """Return an object."""
        ...

    def where(self, source: Source, alias: str, on: str, parent: str) -> str:
        """Return the condition of a relation."""
        ...

    def table(self, kind: str) -> Source:
        """Return the table behind a type."""
        ...


class PageWriter:
    """Writes connections."""

    def __init__(self, writer: Writer, sources: Sources, decisions: Mapping[int, Hashable]) -> None:
        self._writer = writer
        self._sources = sources
        self._decisions = decisions

    def connection(self, field: Field, page: Page, parent: str) -> Text:
        """Return the connection's object."""
        (below,) = field.children.values()
        shape = cast("PageShape", self._decisions[id(field)])
        return _Connection(_Place(self._writer, self._sources, field, page, parent), shape).text(below)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a connection stands: its field, what it is over, and the row it hangs on."""

    writer: Writer
    sources: Sources
    field: Field
    page: Page
    parent: str


class _Connection:
    """One connection: `alias` names its rows in the statement; the scan inside has a name of its own."""

    def __init__(self, place: _Place, shape: PageShape) -> None:
        self._writer = place.writer
        self._sources = place.sources
        self._field = place.field
        self._page = place.page
        self._parent = place.parent
        self._source = place.writer.table(place.page.type)
        self._alias = place.writer.parts.alias()
        self._has_after, self._given = shape
        self._scanned = False
        self._beyond = False

    def text(self, below: Sequence[Field]) -> Text:
        """Return the object; the scan is left out where only the total is asked for."""
        self._beyond = any(part.name in _BEYOND for one in below if one.name == "pageInfo" for part in _only(one))
        text = Text("{")
        for position, field in enumerate(below):
            text.constant(f'{"," if position else ""}"{field.key}":')
            text.append(self._part(field))
        text.constant("}")
        if not self._scanned:
            return text
        return Text().expression(f"(select {text.sql()} from ({self._scan(text.sql())}) {self._alias})")

    def _part(self, field: Field) -> Text:
        if field.name == TYPENAME:
            return Text(f'"{field.parent}"')
        if field.name == "edges":
            return self._edges(field)
        if field.name == "pageInfo":
            return self._page_info(field)
        if field.name == "totalCount":
            return Text().expression(self._total())
        raise NotCompiled(field.coordinate)

    def _edges(self, field: Field) -> Text:
        self._scanned = True
        text = Text("{")
        for position, part in enumerate(_only(field)):
            text.constant(f'{"," if position else ""}"{part.key}":')
            text.append(self._edge_part(part))
        text.constant("}")
        shown = f" filter (where {self._alias}.n <= {self._first()})" if self._beyond else ""
        edges = f"string_agg({text.sql()}, ',' order by {self._alias}.id desc){shown}"
        return Text("[").expression(f"coalesce({edges}, '')").constant("]")

    def _edge_part(self, field: Field) -> Text:
        if field.name == TYPENAME:
            return Text(f'"{field.parent}"')
        if field.name == "cursor":
            return Text('"').expression(self._cursor(f"{self._alias}.id")).constant('"')
        if field.name == "node":
            return self._writer.object(self._page.type, field.children[self._page.type], self._alias)
        raise NotCompiled(field.coordinate)

    def _page_info(self, field: Field) -> Text:
        text = Text("{")
        for position, part in enumerate(_only(field)):
            text.constant(f'{"," if position else ""}"{part.key}":')
            text.append(self._page_info_part(part))
        return text.constant("}")

    def _page_info_part(self, field: Field) -> Text:
        alias, first = self._alias, self._first
        if field.name == TYPENAME:
            return Text(f'"{field.parent}"')
        if field.name == "hasPreviousPage":
            return Text("true" if self._has_after else "false")
        self._scanned = True
        if field.name == "hasNextPage":
            return Text().expression(f"(count(*) > {first()})::text")
        place = {"startCursor": f"least(1, {first()})", "endCursor": f"least(count(*), {first()})::int"}.get(field.name)
        if place is None:
            raise NotCompiled(field.coordinate)
        row = f"(array_agg({alias}.id order by {alias}.id desc))[{place}]"
        return Text().expression(f"coalesce('\"' || {self._cursor(row)} || '\"', 'null')")

    def _cursor(self, sql: str) -> str:
        return self._sources.cursor.replace("{id}", sql)

    def _first(self) -> str:
        largest = self._sources.largest_page
        return self._argument("first", lambda value: max(0, min(largest, value)), "int")

    def _argument(self, name: str, decode: Callable[[Any], Any], kind: str) -> str:
        def of(coerced: Coerced, read: Read) -> Any:
            return decode(read(coerced))

        return self._writer.parts.of_field(self._field, of, name, kind)

    def _on(self) -> str:
        conditions = [self._page.on]
        for name in self._given:
            chosen: Filter = self._page.filters[name]
            conditions.append(chosen.sql.replace("{value}", self._argument(name, chosen.decode, chosen.kind)))
        return " and ".join(conditions)

    def _total(self) -> str:
        inner = self._writer.parts.alias()
        where = self._writer.where(self._source, inner, self._on(), self._parent)
        return f"(select count(*)::text from {self._source.table} {inner} where {where})"

    def _scan(self, used: str) -> str:
        """Return the inner query: the columns that are used of the rows on the page."""
        inner = self._writer.parts.alias()
        columns = [f"{inner}.{name}" for name in columns_of(self._alias, used) if name not in {"id", "n"}]
        number = f", row_number() over (order by {inner}.id desc) as n" if self._beyond else ""
        on = self._on()
        if self._has_after:
            on += f" and {inner}.id < {self._argument('after', self._sources.decode_cursor, 'uuid')}"
        where = self._writer.where(self._source, inner, on, self._parent)
        limit = f"{self._first()} + 1" if self._beyond else self._first()
        return (
            f"select {', '.join([f'{inner}.id', *columns])}{number} from {self._source.table} {inner}"
            f" where {where} order by {inner}.id desc limit {limit}"
        )


def _only(field: Field) -> tuple[Field, ...]:
    (below,) = field.children.values()
    return below
