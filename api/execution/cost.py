"""What an operation may cost before it runs, and what it did cost: objects that are made, counted in one way.

The rule: each object of the answer costs a point, a value nothing, a total that is counted a point. Before the run a
list counts as long as it is expected to be: by `first` (at most 100), or by the length declared for its coordinate.
What needs no variables is worked out once for each document; a request evaluates the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
)

from api.execution.selections import Selected, Selections

Variables = Mapping[str, Any]
Points = int | Callable[[Variables], int]
"""A number, or what gives it from the variables."""

MUTATION: Final = 10
WHOLE_SCHEMA: Final = 1_000
ONE_TYPE: Final = 50
LARGEST_PAGE: Final = 100
USUAL_LIST: Final = 10
"""How long a list without `first` counts that no length is declared for."""
_INTROSPECTION: Final = {"__schema": WHOLE_SCHEMA, "__type": ONE_TYPE}
_TOTAL: Final = "totalCount"


@dataclass(frozen=True, slots=True)
class Prices:
    """What the schema cannot say, by coordinate: usual lengths of lists, and what root fields cost beside objects."""

    list_sizes: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one operation.

    `flat` is what each root field costs whatever it leads to, and `opaque` the root fields that cost no more than that,
    by their names in the answer. `totals` are the names under which totals stand.
    """

    most: Points
    flat: Mapping[str, int]
    totals: frozenset[str]
    opaque: frozenset[str]

    def __call__(self, variables: Variables) -> int:
        """Return what the operation costs at most, with these variables; at least 1."""
        return max(self.most if isinstance(self.most, int) else self.most(variables), 1)

    def actual(self, data: Mapping[str, Any]) -> int:
        """Return what an answer did cost, by counting its objects."""
        found = sum(_objects(value, self.totals) for name, value in data.items() if name not in self.opaque)
        return max(found + sum(points for name, points in self.flat.items() if name in data), 1)

    def actual_from_counts(self, objects: int, totals: int = 0) -> int:
        """Return the same where somebody else has counted the objects and totals below the root."""
        return max(sum(self.flat.values()) + objects + totals, 1)


def measure(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, prices: Prices) -> Cost:
    """Work out the cost of a validated operation."""
    return _Measure(schema, document, operation, prices).cost()


def _objects(value: Any, totals: frozenset[str]) -> int:
    """Count the objects and totals in a part of an answer; no scalar of ours is an object."""
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            count += 1 + (len(totals & item.keys()) if totals else 0)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return count


class _Measure:
    """One walk over one operation, fragments and all."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, prices: Prices
    ) -> None:
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        self._schema = schema
        self._operation = operation
        self._prices = prices
        self._selections = Selections(schema, fragments)
        self._defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        self._totals: set[str] = set()

    def cost(self) -> Cost:
        """Return the cost of the operation."""
        root = self._schema.get_root_type(self._operation.operation)
        if root is None:  # validation refuses such a document
            return Cost(1, {}, frozenset(), frozenset())
        fields = self._selections.of(root, [self._operation.selection_set])
        flat = {selected.key: self._flat(root, selected.nodes[0].name.value) for selected in fields}
        return Cost(
            _sum([self._field(root, selected, 0) for selected in fields]),
            {key: points for key, points in flat.items() if points},
            frozenset(self._totals),
            frozenset(selected.key for selected in fields if selected.nodes[0].name.value in _INTROSPECTION),
        )

    def _flat(self, parent: GraphQLObjectType, name: str) -> int:
        """Return what a root field costs beside the objects it leads to; other fields cost nothing of that kind."""
        if parent is not self._schema.get_root_type(self._operation.operation):
            return 0
        base = MUTATION if self._operation.operation is OperationType.MUTATION else 0
        return base + self._prices.extra.get(f"{parent.name}.{name}", 0) + _INTROSPECTION.get(name, 0)

    def _field(self, parent: GraphQLObjectType, selected: Selected, page: Points) -> Points:
        """Return the cost of one field; `page` is how long the lists are that stand in a connection."""
        name = selected.nodes[0].name.value
        definition = self._schema.get_field(parent, name)
        flat = self._flat(parent, name)
        if name in _INTROSPECTION or definition is None or not is_composite_type(get_named_type(definition.type)):
            if name == _TOTAL:
                self._totals.add(selected.key)
            return _gate(selected, flat + (name == _TOTAL))
        first = self._first(selected.nodes[0], definition)
        is_list = is_list_type(get_nullable_type(definition.type))
        size: Points = 1
        if is_list:
            size = first if first is not None else self._declared(parent, name, page)
        inner = 0 if first is None or is_list else first
        below = self._below(get_named_type(definition.type), selected, inner)
        return _gate(selected, _sum([flat, _product(size, _sum([1, below]))]))

    def _below(self, kind: Any, selected: Selected, page: Points) -> Points:
        """Return the cost of what is asked of one object; of an interface, of the dearest type behind it."""
        sets = [node.selection_set for node in selected.nodes if node.selection_set is not None]
        kinds = self._selections.told_apart(kind, sets) if is_abstract_type(kind) else [kind]
        return _most(
            [
                _sum([self._field(one, below, page) for below in self._selections.of(one, sets)])
                for one in kinds
                if isinstance(one, GraphQLObjectType)
            ]
        )

    def _declared(self, parent: GraphQLObjectType, name: str, page: Points) -> Points:
        """Return how long a list without `first` is: as its coordinate says, else as the page it makes up."""
        declared = self._prices.list_sizes.get(f"{parent.name}.{name}")
        if declared is not None:
            return declared
        return page if page != 0 else USUAL_LIST

    def _first(self, node: FieldNode, definition: GraphQLField) -> Points | None:
        argument = definition.args.get("first")
        if argument is None:
            return None
        given = next((one.value for one in node.arguments or () if one.name.value == "first"), None)
        if isinstance(given, IntValueNode):
            return _clamped(_literal(given))
        if isinstance(given, VariableNode):
            default = self._defaults.get(given.name.value)
            fallback = default if isinstance(default, IntValueNode) else _default(argument)
            return partial(_from_variable, given.name.value, _clamped(_literal(fallback)))
        return _clamped(_literal(_default(argument)))


def _default(argument: GraphQLArgument) -> Any:
    """Return the default of an argument, which the library keeps in one of three places."""
    if argument.default is None:
        return argument.default_value
    return argument.default.literal or argument.default.value


def _literal(value: Any) -> Any:
    return int(value.value) if isinstance(value, IntValueNode) else value


def _from_variable(name: str, fallback: int, variables: Variables) -> int:
    return _clamped(variables[name]) if name in variables else fallback


def _clamped(value: Any) -> int:
    """Return a length between 0 and a page; what is no number counts as a page, though it will be refused."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:  # noqa: PLR0124 - not NaN
        return int(min(max(value, 0), LARGEST_PAGE))
    return LARGEST_PAGE


def _sum(parts: list[Points]) -> Points:
    known = sum(part for part in parts if isinstance(part, int))
    rest = [part for part in parts if not isinstance(part, int)]
    if not rest:
        return known
    if len(rest) == 1 and known == 0:
        return rest[0]
    return lambda variables: known + sum(part(variables) for part in rest)


def _product(size: Points, each: Points) -> Points:
    if isinstance(size, int):
        if isinstance(each, int):
            return size * each
        return each if size == 1 else lambda variables: size * each(variables)
    if isinstance(each, int):
        return lambda variables: size(variables) * each
    return lambda variables: size(variables) * each(variables)


def _most(parts: list[Points]) -> Points:
    known = max((part for part in parts if isinstance(part, int)), default=0)
    rest = [part for part in parts if not isinstance(part, int)]
    if not rest:
        return known
    if len(parts) == 1:
        return rest[0]
    return lambda variables: max(known, *(part(variables) for part in rest))


def _gate(selected: Selected, points: Points) -> Points:
    """Count a field only if one of its conditions holds; what stands below counts whichever it was."""
    if selected.always or points == 0:
        return points
    return lambda variables: (
        0 if not selected.holds(variables) else points if isinstance(points, int) else points(variables)
    )
