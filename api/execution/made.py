"""Values that Python makes of what a column holds: plain objects, of which the selected fields are taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from graphql import GraphQLList, GraphQLNonNull

from api.execution.selection import TYPENAME, Field
from api.execution.statement import Make, UnexpectedNull

_Show = Callable[[Any], Any]


def maker(field: Field, make: Callable[[str], Any]) -> Make:
    """Return what turns a column's text into the JSON of a selected field."""
    show = _shown(field)
    return lambda text: msgspec.json.encode(show(make(text)))


def _shown(field: Field) -> _Show:
    (below,) = field.children.values() or ((),)
    name = field.named_type.name
    return _of_type(field.definition.type, _object(name, below) if below else lambda value: value)


def _of_type(kind: Any, show: _Show) -> _Show:
    if isinstance(kind, GraphQLNonNull):
        inner = _of_type(kind.of_type, show)

        def present(value: Any) -> Any:
            if value is None:
                raise UnexpectedNull
            return inner(value)

        return present
    if isinstance(kind, GraphQLList):
        item = _of_type(kind.of_type, show)
        return lambda value: None if value is None else [item(one) for one in value]
    return lambda value: None if value is None else show(value)


def _object(name: str, below: tuple[Field, ...]) -> _Show:
    shows = [(one.key, one.name, _shown(one)) for one in below]

    def show(value: Any) -> Any:
        return {key: name if field_name == TYPENAME else inner(value[field_name]) for key, field_name, inner in shows}

    return show
