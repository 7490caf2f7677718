"""The shape of a document, measured before it is validated: what it would cost counts, not what it looks like.

A fragment counts wherever it is spread, so nothing hides in one. Fragments that spread each other in a ring measure as
if the ring were cut; validation refuses them afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from api.execution.errors import DocumentTooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one document. GraphiQL's introspection query fits in them."""

    characters: int = 15_000
    tokens: int = 1_500
    depth: int = 15
    fields: int = 1_000
    aliases: int = 30
    repeats: int = 50
    siblings: int = 100
    operations: int = 10
    fragments: int = 40
    directives: int = 50


@dataclass(slots=True)
class Shape:
    """What was counted. `repeats` counts fields with arguments by name, `siblings` the same field side by side."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    siblings: int = 0
    repeats: Counter[str] = field(default_factory=Counter)

    def add(self, other: Shape, level: int = 0) -> None:
        """Count what stands `level` levels down from here."""
        self.depth = max(self.depth, level + other.depth)
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives
        self.siblings = max(self.siblings, other.siblings)
        self.repeats.update(other.repeats)


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Refuse what would be dear to validate or to run; raises `DocumentTooLarge`."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    _check("number of operations", len(operations), limits.operations, "operations")
    _check("number of fragments", len(document.definitions) - len(operations), limits.fragments, "fragments")
    measure = _Measure(fragments)
    total = Shape()
    for operation in operations:
        total.directives += len(operation.directives or ())
        total.directives += sum(len(variable.directives or ()) for variable in operation.variable_definitions or ())
        total.add(measure.of(operation.selection_set))
    for name in fragments.keys() - measure.known.keys():
        total.add(measure.fragment(name))
    _check("depth", total.depth, limits.depth, "levels")
    _check("number of fields", total.fields, limits.fields, "fields")
    _check("number of aliases", total.aliases, limits.aliases, "aliases")
    _check("number of directives", total.directives, limits.directives, "directives")
    _check("repetition of one field", max(total.repeats.values(), default=0), limits.repeats, "times")
    _check("repetition of one field side by side", total.siblings, limits.siblings, "times")


def too_large(what: str, limit: int, unit: str) -> DocumentTooLarge:
    """Return the refusal that names the limit."""
    return DocumentTooLarge(
        f"The document's {what} is over the limit of {limit} {unit}, so nothing ran. Split it into several requests."
    )


def _check(what: str, found: int, limit: int, unit: str) -> None:
    if found > limit:
        raise too_large(what, limit, unit)


class _Measure:
    """Measures selection sets, each fragment once."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self.known: dict[str, Shape] = {}

    def fragment(self, name: str) -> Shape:
        """Return the shape of a fragment; an unknown one, and one inside itself, is empty."""
        node = self._fragments.get(name)
        if node is not None and name not in self.known:
            self.known[name] = Shape()
            self.known[name] = self.of(node.selection_set)
            self.known[name].directives += len(node.directives or ())
        return self.known.get(name, Shape())

    def of(self, selection_set: SelectionSetNode) -> Shape:
        """Return the shape below a selection set; its own fields stand on level 1."""
        shape = Shape()
        for selection, level in _selections(selection_set, shape):
            shape.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                shape.depth = max(shape.depth, level)
                shape.fields += 1
                shape.aliases += selection.alias is not None
                shape.repeats[selection.name.value] += bool(selection.arguments)
            elif isinstance(selection, FragmentSpreadNode):
                shape.add(self.fragment(selection.name.value), level - 1)
        return shape


def _selections(top: SelectionSetNode, shape: Shape) -> Iterator[tuple[SelectionNode, int]]:
    waiting = [(top, 1)]
    while waiting:
        selection_set, level = waiting.pop()
        names = Counter(node.name.value for node in selection_set.selections if isinstance(node, FieldNode))
        shape.siblings = max(shape.siblings, *names.values()) if names else shape.siblings
        for selection in selection_set.selections:
            yield selection, level
            nested: SelectionSetNode | None = getattr(selection, "selection_set", None)
            if nested is not None:
                waiting.append((nested, level + isinstance(selection, FieldNode)))
