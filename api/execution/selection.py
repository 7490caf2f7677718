"""The selection of an operation as a tree of typed fields: fragments joined, same keys merged, what is off left out.

The rule: what stands here is what the specification's CollectFields would run (GraphQL, section 6.3.2), for every
object type that may stand behind an abstract one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)

TYPENAME: Final = "__typename"
_SWITCHES: Final = frozenset({"skip", "include"})
Switches = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a response: under which key, of which object type, with the first of its nodes for the arguments.

    `children` holds what is selected below it, for each object type that may stand there; empty for a leaf. `nodes` are
    all that were merged under the key.
    """

    key: str
    name: str
    parent: str
    definition: GraphQLField
    nodes: tuple[FieldNode, ...]
    children: Mapping[str, tuple[Field, ...]]

    @property
    def coordinate(self) -> str:
        """Return the schema coordinate (`Account.email`)."""
        return f"{self.parent}.{self.name}"

    @property
    def named_type(self) -> GraphQLNamedType:
        """Return the type of the field's values, without lists and non-null."""
        return get_named_type(self.definition.type)


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Return the fragments of a document by name."""
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def switches_of(operation: OperationDefinitionNode, document: DocumentNode) -> tuple[str, ...]:
    """Return the variables that switch parts of an operation on and off, sorted; their values shape its plan."""
    collector = _SwitchNames()
    visit(operation, collector)
    for fragment in fragments_of(document).values():
        visit(fragment, collector)
    declared = {node.variable.name.value for node in operation.variable_definitions or ()}
    return tuple(sorted(collector.found & declared))


def select(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, switches: Switches
) -> tuple[Field, ...]:
    """Return the root fields of a validated operation under these values of its switches."""
    root = schema.get_root_type(operation.operation)
    assert root is not None, "validated"
    return _Selector(schema, fragments_of(document), switches).fields(root, [operation.selection_set])


def walk(fields: Sequence[Field]) -> Iterator[Field]:
    """Yield these fields and all below them."""
    waiting = list(fields)
    while waiting:
        field = waiting.pop()
        yield field
        for children in field.children.values():
            waiting += children


class _SwitchNames(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_directive(self, node: Any, *_: object) -> None:
        if node.name.value in _SWITCHES:
            self.found |= {item.value.name.value for item in node.arguments if isinstance(item.value, VariableNode)}


class _Selector:
    """Collects fields; `_collect` is the specification's CollectFields."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], switches: Switches
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._switches = switches

    def fields(self, parent: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> tuple[Field, ...]:
        grouped: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selection_set in sets:
            self._collect(parent, selection_set, grouped, seen)
        return tuple(self._field(parent, key, nodes) for key, nodes in grouped.items())

    def _field(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Field:
        name = nodes[0].name.value
        definition = self._schema.get_field(parent, name)
        assert definition is not None, "validated"
        below = [node.selection_set for node in nodes if node.selection_set is not None]
        behind = self._behind(get_named_type(definition.type)) if below else ()
        children = {kind.name: self.fields(kind, below) for kind in behind}
        return Field(key, name, parent.name, definition, tuple(nodes), children)

    def _collect(
        self,
        parent: GraphQLObjectType,
        selection_set: SelectionSetNode,
        grouped: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for node in selection_set.selections:
            if not self._is_on(node):
                continue
            if isinstance(node, FieldNode):
                grouped.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                if condition is None or self._applies(parent, condition.name.value):
                    self._collect(parent, node.selection_set, grouped, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(parent, fragment.type_condition.name.value):
                    self._collect(parent, fragment.selection_set, grouped, seen)

    def _applies(self, parent: GraphQLObjectType, condition: str) -> bool:
        kind = self._schema.get_type(condition)
        return kind is parent or (
            isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(kind, parent)
        )

    def _behind(self, kind: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        if isinstance(kind, GraphQLObjectType):
            return (kind,)
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            return tuple(self._schema.get_possible_types(kind))
        return ()

    def _is_on(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            if directive.name.value in _SWITCHES:
                value = self._truth((directive.arguments or ())[0].value)
                if value is (directive.name.value == "skip"):
                    return False
        return True

    def _truth(self, node: Any) -> bool:
        if isinstance(node, BooleanValueNode):
            return node.value
        return bool(self._switches.get(node.name.value))
