"""Fields that a token may not see: null in a compiled answer, each with its error, nulls handed up as GraphQL asks.

Only for tokens that prefer gaps to a refusal, so the answer is read into objects here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from graphql import GraphQLError, GraphQLList, GraphQLNonNull

from api.execution.selection import Field

PLACE: Final = ""
"""The member of an object that holds the number of its place (`compile.object`)."""
Refuse = Callable[[str], Exception]
"""From a coordinate to the error that is told of it."""


class _Nulled(Exception):
    """A value that may not be null is missing, so what it stands in is null."""


@dataclass(slots=True)
class _Gaps:
    masked: Collection[str]
    types: Mapping[int, str]
    refuse: Refuse
    errors: list[GraphQLError] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """The place of each object that is shown; those in what was nulled are taken out again."""

    def fill(self, value: dict[str, Any], fields: tuple[Field, ...], path: tuple[str | int, ...]) -> None:
        """Go through an object; what is masked in it is null already."""
        number = value.pop(PLACE, None)
        if number is not None:
            self.places.append(number)
        for one in fields:
            place, before = (*path, one.key), len(self.places)
            try:
                if one.coordinate in self.masked:
                    self._note(one, place)
                    _required(one.definition.type)
                elif one.children and value[one.key] is not None:
                    value[one.key] = self._below(value[one.key], one, one.definition.type, place)
            except _Nulled:
                if isinstance(one.definition.type, GraphQLNonNull):
                    raise
                value[one.key] = None
                del self.places[before:]

    def _below(self, value: Any, one: Field, kind: Any, path: tuple[str | int, ...]) -> Any:
        bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if not isinstance(bare, GraphQLList):
            self.fill(value, self._children(one), path)
            return value
        return [self._item(item, one, bare.of_type, (*path, position)) for position, item in enumerate(value)]

    def _item(self, value: Any, one: Field, kind: Any, path: tuple[str | int, ...]) -> Any:
        if value is None:
            return None
        before = len(self.places)
        try:
            return self._below(value, one, kind, path)
        except _Nulled:
            if isinstance(kind, GraphQLNonNull):
                raise
            del self.places[before:]
            return None

    def _children(self, one: Field) -> tuple[Field, ...]:
        if len(one.children) == 1:
            return next(iter(one.children.values()))
        return one.children[self.types[id(one)]]

    def _note(self, one: Field, path: tuple[str | int, ...]) -> None:
        error = self.refuse(one.coordinate)
        self.errors.append(GraphQLError(str(error), list(one.nodes), path=list(path), original_error=error))


def with_gaps(
    data: bytes, fields: tuple[Field, ...], *, masked: Collection[str], types: Mapping[int, str], refuse: Refuse
) -> tuple[bytes, list[int], list[GraphQLError]]:
    """Return the data with nulls handed up, the place of each object that it still shows, and an error for each gap.

    `types` gives the type that was found behind an abstract field, by the field's identity.
    """
    value = msgspec.json.decode(data)
    gaps = _Gaps(masked, types, refuse)
    try:
        gaps.fill(value, fields, ())
    except _Nulled:
        return b"null", [], gaps.errors
    return msgspec.json.encode(value), gaps.places, gaps.errors


def _required(kind: Any) -> None:
    if isinstance(kind, GraphQLNonNull):
        raise _Nulled
