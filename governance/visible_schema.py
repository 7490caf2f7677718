"""A schema's text with only what one caller may use, cut from the text of the whole.

The rule: a field is left out exactly when asking for it would be refused, or when nothing below it is left to ask for.
What nothing leads to goes too: types, inputs, enumerations, scalars, directives, and a root without fields.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from graphql import (
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

from governance.access import Allowed, Grants, Requirement, decide

ROOTS: Final = ("Query", "Mutation", "Subscription")
_Fielded = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)


class VisibleSchema:
    """Cuts the text for callers and keeps the cuts, the least recently asked for thrown out beyond `kept`.

    `scopes` and `categories` say by coordinate (`Account.email`) what a field needs, and `arguments` by coordinate
    (`Account.certificates(expiringBefore:)`) the categories that an argument needs. Roots have their usual names.
    """

    def __init__(
        self,
        text: str,
        scopes: Mapping[str, str],
        categories: Mapping[str, str],
        *,
        arguments: Mapping[str, frozenset[str]] | None = None,
        kept: int = 64,
    ) -> None:
        self._definitions = parse(text, no_location=True).definitions
        self._needs = dict(_needs(self._definitions, scopes, categories))
        self._needs |= {place: Requirement(filtered=needed) for place, needed in (arguments or {}).items()}
        self._kept = kept
        self._texts: OrderedDict[Grants, str] = OrderedDict()

    def text(self, grants: Grants) -> str:
        """Return the text for a caller; one who takes gaps for missing categories is not shown what would be null."""
        grants = replace(grants, missing_as_null=False)
        found = self._texts.get(grants)
        if found is None:
            found = self._texts[grants] = self._cut(grants)
            if len(self._texts) > self._kept:
                self._texts.popitem(last=False)
        self._texts.move_to_end(grants)
        return found

    def _cut(self, grants: Grants) -> str:
        refused = {place for place, need in self._needs.items() if not isinstance(decide(need, grants), Allowed)}
        types = _without_empty(dict(_types(self._definitions, refused)))
        reached = _Reached(types, self._definitions)
        kept = [types.get(reached.name_of(node), node) for node in self._definitions if reached.has(node)]
        return print_ast(DocumentNode(definitions=tuple(kept))) + "\n"


def _needs(
    definitions: Iterable[DefinitionNode], scopes: Mapping[str, str], categories: Mapping[str, str]
) -> Iterator[tuple[str, Requirement]]:
    """Yield what each field needs; a field of an interface, what that field needs of every type behind it."""
    fielded = [node for node in definitions if isinstance(node, _Fielded)]
    for node in fielded:
        behind = [node, *(one for one in fielded if node.name.value in _interfaces(one))]
        for field in node.fields or ():
            places = [f"{one.name.value}.{field.name.value}" for one in behind]
            yield (
                places[0],
                Requirement(
                    frozenset(scopes[place] for place in places if place in scopes),
                    frozenset(categories[place] for place in places if place in categories),
                ),
            )


def _types(definitions: Iterable[DefinitionNode], refused: set[str]) -> Iterator[tuple[str, TypeDefinitionNode]]:
    """Yield the types, objects and interfaces without the fields and arguments that are refused."""
    for node in definitions:
        if isinstance(node, _Fielded):
            yield node.name.value, replace(node, fields=tuple(_fields(node, refused)))
        elif isinstance(node, TypeDefinitionNode):
            yield node.name.value, node


def _fields(
    node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode, refused: set[str]
) -> Iterator[FieldDefinitionNode]:
    for field in node.fields or ():
        place = f"{node.name.value}.{field.name.value}"
        if place not in refused:
            arguments = tuple(one for one in field.arguments or () if f"{place}({one.name.value}:)" not in refused)
            yield replace(field, arguments=arguments)


def _without_empty(types: dict[str, TypeDefinitionNode]) -> dict[str, TypeDefinitionNode]:
    """Take away types with nothing in them, then what leads to those, until nothing changes."""
    while empty := {name for name, node in types.items() if _is_empty(node)}:
        types = {name: _without(node, empty) for name, node in types.items() if name not in empty}
    return types


def _is_empty(node: TypeDefinitionNode) -> bool:
    if isinstance(node, UnionTypeDefinitionNode):
        return not node.types
    return isinstance(node, _Fielded) and not node.fields


def _without(node: TypeDefinitionNode, gone: set[str]) -> TypeDefinitionNode:
    """Return a type without fields of, members among, and interfaces among the types that are gone."""
    if isinstance(node, UnionTypeDefinitionNode):
        return replace(node, types=tuple(one for one in node.types or () if one.name.value not in gone))
    if not isinstance(node, _Fielded):
        return node
    return replace(
        node,
        fields=tuple(field for field in node.fields or () if _name_of_type(field.type) not in gone),
        interfaces=tuple(one for one in node.interfaces or () if one.name.value not in gone),
    )


class _Reached:
    """What the roots lead to: names of types, and of directives as `@name`."""

    def __init__(self, types: Mapping[str, TypeDefinitionNode], definitions: Iterable[DefinitionNode]) -> None:
        self._types = types
        self._directives = {node.name.value: node for node in definitions if isinstance(node, DirectiveDefinitionNode)}
        self._behind: dict[str, list[str]] = {}
        for name, node in types.items():
            for interface in _interfaces(node):
                self._behind.setdefault(interface, []).append(name)
        self._seen: set[tuple[str, bool]] = set()
        waiting = [(root, True) for root in ROOTS if root in types]
        while waiting:
            step = waiting.pop()
            if step not in self._seen:
                self._seen.add(step)
                waiting += self._next(*step)
        self._names = {name for name, _ in self._seen}

    def has(self, node: DefinitionNode) -> bool:
        """Tell whether a definition is kept."""
        return self.name_of(node) in self._names

    @staticmethod
    def name_of(node: DefinitionNode) -> str:
        """Return the name of a definition; none for what has none."""
        name = getattr(node, "name", None)
        mark = "@" if isinstance(node, DirectiveDefinitionNode) else ""
        return mark + name.value if name is not None else ""

    def _next(self, name: str, led_to: bool) -> Iterator[tuple[str, bool]]:
        """Yield what a type or directive needs, and whether a value may be of it.

        A value of an interface may be of every type behind it; an interface that is merely implemented leads to none.
        """
        if name.startswith("@"):
            directive = self._directives.get(name[1:])
            yield from _of_values(directive.arguments if directive is not None else ())
        elif (node := self._types.get(name)) is not None:
            yield from _applied(node)
            yield from ((interface, False) for interface in _interfaces(node))
            yield from ((member, led_to) for member in _named(getattr(node, "types", ())))
            yield from ((member, True) for member in (self._behind.get(name, ()) if led_to else ()))
            for value in getattr(node, "values", None) or ():
                yield from _applied(value)
            for field in getattr(node, "fields", None) or ():
                yield from _of_values((field,))
                yield from _of_values(getattr(field, "arguments", None))


def _of_values(nodes: Iterable[Any] | None) -> Iterator[tuple[str, bool]]:
    """Yield the types of fields or arguments, and what is applied to them."""
    for node in nodes or ():
        yield _name_of_type(node.type), True
        yield from _applied(node)


def _applied(node: Any) -> Iterator[tuple[str, bool]]:
    yield from ((f"@{one.name.value}", True) for one in node.directives or ())


def _interfaces(node: TypeDefinitionNode) -> set[str]:
    return _named(getattr(node, "interfaces", ()))


def _named(nodes: Iterable[NamedTypeNode] | None) -> set[str]:
    return {node.name.value for node in nodes or ()}


def _name_of_type(node: TypeNode) -> str:
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    return cast("NamedTypeNode", node).name.value
