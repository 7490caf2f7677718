"""What an operation may cost before it runs, and what it did cost: things that are read or made, counted in one way.

The rule: each object costs a point, a total that is counted a point, a value nothing; the wrapping of a page costs
nothing either. Before the run a list counts as long as it is expected to be: by `first` (at most 100), or by the length
declared for its coordinate. What needs no variables is worked out once for each plan; a request evaluates the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import OperationType, VariableNode, get_nullable_type, is_composite_type, is_list_type

from api.execution.arguments import Coerced, NotCompiled, argument_reader
from api.execution.selection import Field

Points = int | Callable[[Coerced], int]
"""A number, or what gives it from the variables."""

MUTATION: Final = 10
WHOLE_SCHEMA: Final = 1_000
ONE_TYPE: Final = 50
LARGEST_PAGE: Final = 100
USUAL_LIST: Final = 10
"""How long a list without `first` counts that no length is declared for."""
_INTROSPECTION: Final = {"__schema": WHOLE_SCHEMA, "__type": ONE_TYPE}
_TOTAL: Final = "totalCount"
_WRAPPING: Final = ("Connection", "Edge", "PageInfo")


@dataclass(frozen=True, slots=True)
class Prices:
    """What the schema cannot say, by coordinate: usual lengths of lists, and what root fields cost beside objects."""

    list_sizes: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What is counted under one key of an answer: a point for each object, or for the total, and what is below."""

    points: int
    below: Mapping[str, Part] = field(default_factory=dict)

    def count(self, value: Any) -> int:
        """Count a part of an answer."""
        if isinstance(value, list):
            return sum(map(self.count, value))
        if not isinstance(value, dict):
            return 0 if value is None else self.points
        return self.points + sum(part.count(value.get(key)) for key, part in self.below.items())


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one operation: at most, by its root fields (`flat`), and by what is counted in its answer."""

    most: Points
    flat: Mapping[str, int]
    parts: Mapping[str, Part]
    totals: tuple[bytes, ...]

    def __call__(self, coerced: Coerced) -> int:
        """Return what the operation is expected to cost at most, with these variables; at least 1."""
        return max(self.most if isinstance(self.most, int) else self.most(coerced), 1)

    def actual(self, data: Mapping[str, Any]) -> int:
        """Return what an answer did cost, given as objects."""
        return max(self._of(data), 1)

    def actual_of_text(self, text: bytes, objects: int, left: Mapping[str, Any] | None = None) -> int:
        """Return what an answer did cost, given as JSON text in which somebody counted the objects.

        `left` is the part that resolvers made. A total is found by its key: no string of JSON holds an unescaped quote.
        """
        totals = sum(map(text.count, self.totals))
        return max(objects + totals + (self._of(left) if left else 0), 1)

    def _of(self, data: Mapping[str, Any]) -> int:
        counted = sum(part.count(data.get(key)) for key, part in self.parts.items())
        return counted + sum(points for key, points in self.flat.items() if key in data)


def measure(fields: Sequence[Field], operation_type: OperationType, prices: Prices) -> Cost:
    """Work out the cost of an operation from its root fields."""
    flat = {one.key: _flat(one, operation_type, prices) for one in fields}
    walked = [one for one in fields if one.name not in _INTROSPECTION]
    totals: set[str] = set()
    parts = _parts(walked, totals)
    return Cost(
        _sum([*flat.values(), *(_points(one, prices, 0) for one in walked)]),
        {key: points for key, points in flat.items() if points},
        parts,
        tuple(f'"{key}":'.encode() for key in sorted(totals)),
    )


def _flat(root: Field, operation_type: OperationType, prices: Prices) -> int:
    """Return what a root field costs beside the objects it leads to."""
    base = MUTATION if operation_type is OperationType.MUTATION else 0
    return base + prices.extra.get(root.coordinate, 0) + _INTROSPECTION.get(root.name, 0)


def _weight(one: Field) -> int:
    if is_composite_type(one.named_type):
        return 0 if one.named_type.name.endswith(_WRAPPING) else 1
    return 1 if one.name == _TOTAL else 0


def _points(one: Field, prices: Prices, page: Points) -> Points:
    """Return the expected cost of a field; `page` is how long the lists are that stand in its connection."""
    weight = _weight(one)
    if not one.children:
        return weight
    first = _first(one)
    is_list = is_list_type(get_nullable_type(one.definition.type))
    size: Points = 1
    if is_list:
        size = first if first is not None else _declared(one, prices, page)
    inner = 0 if first is None or is_list else first
    below = _most([_sum([_points(child, prices, inner) for child in each]) for each in one.children.values()])
    if is_list and weight + (below if isinstance(below, int) else 1) == 0:
        return size  # a page of cursors alone is a page all the same
    return _product(size, _sum([weight, below]))


def _declared(one: Field, prices: Prices, page: Points) -> Points:
    """Return how long a list without `first` is: as its coordinate says, else as the page it makes up."""
    declared = prices.list_sizes.get(one.coordinate)
    if declared is not None:
        return declared
    return page if page != 0 else USUAL_LIST


def _first(one: Field) -> Points | None:
    """Return the length that the field's `first` gives; None where it takes none."""
    if "first" not in one.definition.args:
        return None
    read = argument_reader(one, "first")
    given = [argument.value for argument in one.nodes[0].arguments or () if argument.name.value == "first"]

    def first(coerced: Coerced) -> int:
        try:
            return _clamped(read(coerced))
        except NotCompiled:  # a null, which will be refused
            return LARGEST_PAGE

    return first if given and isinstance(given[0], VariableNode) else first({})


def _clamped(value: Any) -> int:
    return min(max(value, 0), LARGEST_PAGE) if isinstance(value, int) else LARGEST_PAGE


def _parts(fields: Sequence[Field], totals: set[str]) -> dict[str, Part]:
    """Return what is counted below a place, whatever type stands there; keys that lead to nothing are left out."""
    found: dict[str, Part] = {}
    for one in fields:
        if not one.children and not _weight(one):
            continue
        if not one.children:
            totals.add(one.key)
        below = _parts([child for each in one.children.values() for child in each], totals)
        known = found.get(one.key)
        found[one.key] = Part(_weight(one), {**known.below, **below} if known is not None else below)
    return found


def _sum(parts: Sequence[Points]) -> Points:
    known = sum(part for part in parts if isinstance(part, int))
    rest = [part for part in parts if not isinstance(part, int)]
    if not rest:
        return known
    if len(rest) == 1 and known == 0:
        return rest[0]
    return lambda coerced: known + sum(part(coerced) for part in rest)


def _product(size: Points, each: Points) -> Points:
    if isinstance(size, int):
        if isinstance(each, int):
            return size * each
        return each if size == 1 else lambda coerced: size * each(coerced)
    if isinstance(each, int):
        return lambda coerced: size(coerced) * each
    return lambda coerced: size(coerced) * each(coerced)


def _most(parts: Sequence[Points]) -> Points:
    known = max((part for part in parts if isinstance(part, int)), default=0)
    rest = [part for part in parts if not isinstance(part, int)]
    if not rest:
        return known
    if len(rest) == 1 and known == 0:
        return rest[0]
    return lambda coerced: max(known, *(part(coerced) for part in rest))
