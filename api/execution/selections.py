"""Which fields an object is asked for: fragments followed, fields of one name put together, conditions kept.

As the GraphQL specification's CollectFields and MergeSelectionSets do, except that `@skip` and `@include` with a
variable are kept to be decided when the variables are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

Conditions = frozenset[tuple[str, bool]]
"""Variables and the value each must have; empty: always."""


@dataclass(slots=True)
class Selected:
    """What stands under one name of an answer: the nodes that ask for it, and when each does."""

    key: str
    nodes: list[FieldNode] = field(default_factory=list)
    when: list[Conditions] = field(default_factory=list)

    @property
    def always(self) -> bool:
        """Tell whether no variable can take it away."""
        return frozenset() in self.when

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Tell whether any of its nodes counts; a variable that is not sent may have either value."""
        return any(all(variables.get(name, value) is value for name, value in one) for one in self.when)


class Selections:
    """Reads selection sets of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments

    def of(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> list[Selected]:
        """Return what these sets ask of an object of this type, in order."""
        found: dict[str, Selected] = {}
        for node, type_names, when in self._fields(sets):
            if all(self._applies(kind, name) for name in type_names):
                key = (node.alias or node.name).value
                selected = found.setdefault(key, Selected(key))
                selected.nodes.append(node)
                selected.when.append(when)
        return list(found.values())

    def told_apart(self, kind: Any, sets: Iterable[SelectionSetNode]) -> list[GraphQLObjectType]:
        """Return types behind an interface or union, one for each way in which fragments tell them apart."""
        named = {name for _, type_names, _ in self._fields(sets) for name in type_names}
        groups: dict[frozenset[str], GraphQLObjectType] = {}
        for one in self._schema.get_possible_types(kind):
            groups.setdefault(frozenset(name for name in named if self._applies(one, name)), one)
        return list(groups.values())

    def _applies(self, kind: GraphQLObjectType, name: str) -> bool:
        condition = self._schema.get_type(name)
        if is_abstract_type(condition):
            return self._schema.is_sub_type(condition, kind)
        return kind.name == name

    def _fields(self, sets: Iterable[SelectionSetNode]) -> Iterator[tuple[FieldNode, tuple[str, ...], Conditions]]:
        """Yield each field with the types it is asked of and when; fragments are followed wherever they are spread."""
        nothing: Conditions = frozenset()
        waiting: list[tuple[SelectionNode, tuple[str, ...], Conditions]] = [
            (node, (), nothing) for one in sets for node in one.selections
        ]
        waiting.reverse()
        while waiting:
            node, type_names, outer = waiting.pop()
            when = _conditions(node, outer)
            if when is None:
                continue
            if isinstance(node, FieldNode):
                yield node, type_names, when
                continue
            inner, condition = self._inside(node)
            names = (*type_names, condition) if condition else type_names
            waiting += [(below, names, when) for below in reversed(inner.selections)]

    def _inside(self, node: SelectionNode) -> tuple[SelectionSetNode, str]:
        if isinstance(node, FragmentSpreadNode):
            fragment = self._fragments[node.name.value]
            return fragment.selection_set, fragment.type_condition.name.value
        assert isinstance(node, InlineFragmentNode)
        return node.selection_set, node.type_condition.name.value if node.type_condition else ""


def _conditions(node: SelectionNode, outer: Conditions) -> Conditions | None:
    """Return when a node counts; None where it never does."""
    found = set(outer)
    for directive in node.directives or ():
        if directive.name.value not in {"skip", "include"}:
            continue
        wanted = directive.name.value == "include"
        value = next(argument.value for argument in directive.arguments or ())
        if isinstance(value, BooleanValueNode) and value.value is not wanted:
            return None
        if isinstance(value, VariableNode):
            found.add((value.name.value, wanted))
    return frozenset(found)
