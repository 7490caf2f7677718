"""What a mutation's payload shows of the row it changed: read by plan, after the change, like any query.

The mutation itself is run by its resolver, which is asked for the id of each such object and nothing else of it. A row
that the change took away cannot be read again; the schema names those mutations, and the resolver shows what it held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from graphql import DocumentNode, FieldNode, NameNode, OperationDefinitionNode, SelectionSetNode

from api.execution.arguments import NotCompiled
from api.execution.compile import Decisions, compile_row
from api.execution.selection import Field
from api.execution.sources import Sources
from api.execution.statement import Statement

_ID: Final = SelectionSetNode(selections=(FieldNode(name=NameNode(value="id"), arguments=(), directives=()),))


@dataclass(frozen=True, slots=True)
class Reread:
    """One object of a payload: where it stands in the answer, and the statement that reads it by its row's id."""

    root_key: str
    key: str
    statement: Statement
    decode_id: Callable[[str], tuple[str, Any] | None]

    def row_of(self, text: str) -> UUID:
        """Return the row behind an id that the resolver gave."""
        found = self.decode_id(text)
        assert found is not None, "an id of ours"
        row: UUID = found[1]
        return row


@dataclass(frozen=True, slots=True)
class Payloads:
    """The document that the resolvers run, and what is read afterwards."""

    document: DocumentNode
    rereads: tuple[Reread, ...]


def payloads_of(
    fields: tuple[Field, ...],
    document: DocumentNode,
    operation: OperationDefinitionNode,
    sources: Sources,
    *,
    decisions: Decisions,
    walled: bool,
) -> Payloads | None:
    """Return how the payloads of a mutation are read; None where the resolvers show all of them."""
    rereads: dict[int, Reread] = {}
    if len(fields) > 1:  # each payload shows the state before the next change (GraphQL, section 6.2.2)
        return None
    for root in fields:
        for child in _children(root):
            kind = sources.payloads.get(root.coordinate, {}).get(child.name)
            if kind is None:
                continue
            try:
                made = compile_row(child, kind, sources, decisions=decisions, walled=walled)
            except NotCompiled:
                continue
            rereads[id(child)] = Reread(root.key, child.key, made, sources.decode_id)
    if not rereads:
        return None
    selections = tuple(_cut(root, rereads) for root in fields)
    chosen = replace(operation, selection_set=SelectionSetNode(selections=selections))
    definitions = tuple(chosen if node is operation else node for node in document.definitions)
    return Payloads(replace(document, definitions=definitions), tuple(rereads.values()))


def _cut(root: Field, rereads: Mapping[int, Reread]) -> FieldNode:
    """Return a root field that asks only for the id of what is read afterwards."""
    first = root.nodes[0]
    if not root.children:
        return first
    below: list[FieldNode] = []
    for child in _children(root):
        if id(child) in rereads:
            alias = NameNode(value=child.key)
            below.append(replace(child.nodes[0], alias=alias, selection_set=_ID))
        else:
            below += child.nodes
    return replace(first, selection_set=SelectionSetNode(selections=tuple(below)))


def _children(root: Field) -> tuple[Field, ...]:
    return next(iter(root.children.values()), ())
