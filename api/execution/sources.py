"""The words in which the schema says where its fields are stored, so that reads can be compiled to SQL.

A template is SQL with names in braces: `{t}` the row itself, `{p}` the row it hangs on, `{account}`, `{person}`,
`{session}`, `{now}` what is known of the viewer, `{value}` the argument of a filter. Nothing else is ever put in;
values travel as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Decode = Callable[[Any], Any]
"""From an argument's coerced value to a parameter; raises `ValueError` for one that names nothing."""


@dataclass(frozen=True, slots=True)
class Source:
    """The table behind an object type. `mine` is the tenant predicate, put in at every relation without exception.

    `live` narrows further to rows that are shown at all (sessions that have not ended).
    """

    table: str
    mine: str
    live: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value: `sql` gives its JSON text, or what stands between its quotes where it is `quoted`.

    `nullable` where it may be NULL, which is then shown as null.
    """

    sql: str
    nullable: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Same:
    """An object that shows other columns of the same row."""


@dataclass(frozen=True, slots=True)
class One:
    """At most one row of another type, by the condition `on`."""

    type: str
    on: str
    arguments: Mapping[str, Decode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Many:
    """All rows of another type by the condition `on`, in the given order; for short lists."""

    type: str
    on: str
    order: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition for where an argument is given and not null; `decode` makes its parameter of SQL type `kind`."""

    sql: str
    kind: str
    decode: Decode


@dataclass(frozen=True, slots=True)
class Page:
    """A Relay connection over rows of another type, newest first by `id`, forward from a cursor."""

    type: str
    on: str
    filters: Mapping[str, Filter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Made:
    """A value that Python makes of what a column holds: `sql` gives text without control characters, or NULL."""

    sql: str
    make: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The root field that finds an object of any type by its id: `decode` gives type and row id, or None."""

    decode: Callable[[str], tuple[str, Any] | None]


Mapped = Leaf | Same | One | Many | Page | Made | Lookup


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything is stored: tables by object type, and how each field is read, by coordinate.

    A field that is not here is not compiled. `personal` are the coordinates that tell something about a person.
    `cursor` gives the text of a row's cursor. `payloads` names, for each mutation, the objects of its payload that are
    read again by their id, with their types.
    """

    tables: Mapping[str, Source]
    fields: Mapping[str, Mapped]
    personal: Collection[str]
    cursor: str
    decode_cursor: Decode
    largest_page: int
    decode_id: Callable[[str], tuple[str, Any] | None]
    payloads: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
