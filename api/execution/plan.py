"""The plan: what a document shows and needs, worked out by one walk and kept.

A plan is what authorises, executes and audits. Later it also holds the cost and the SQL; the walk is the same.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    visit,
)

from api.execution.document import read_document
from api.execution.errors import OperationNotFound, RepeatedField
from api.execution.schema_map import SchemaMap
from api.execution.shape import Limits
from governance.access import Requirement
from governance.tags import PersonalData

SEVERAL: Final = "several"
UNPLANNED: Final = "unplanned"
_LONGEST_NAME: Final = 120
_ENTRY_BYTES: Final = 40
"""What a character of a document costs in memory when parsed and planned, measured roughly and rounded up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One operation of one document. `operation` names its root fields, never what the caller calls it."""

    document: DocumentNode
    document_hash: str
    operation: str
    operation_name: str | None
    operation_type: OperationType
    root_fields: tuple[str, ...]
    label: str
    coordinates: frozenset[str]
    purposes: frozenset[str]
    requirement: Requirement
    tags: Mapping[str, PersonalData] = field(default_factory=dict)
    """The tag of each of `coordinates`: what is masked and what is recorded is decided field by field."""


class Plans:
    """Plans by document and operation, least recently used thrown out beyond `budget` bytes (an estimate)."""

    def __init__(self, schema_map: SchemaMap, limits: Limits | None = None, budget: int = 32 << 20) -> None:
        self._map = schema_map
        self._limits = limits or Limits()
        self._budget = budget
        self._used = 0
        self._entries: OrderedDict[tuple[str, str | None], tuple[Plan, int]] = OrderedDict()

    def plan(self, text: str, operation_name: str | None) -> Plan:
        """Return the plan; raises what `read_document` raises, or `OperationNotFound`. Nothing has run."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        key = (digest, operation_name)
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
            return found[0]
        document = read_document(text, self._map.schema, self._limits)
        plan = self._walk(document, digest, operation_name)
        self._keep(key, plan, len(text) * _ENTRY_BYTES)
        return plan

    def _keep(self, key: tuple[str, str | None], plan: Plan, size: int) -> None:
        self._entries[key] = (plan, size)
        self._used += size
        while self._used > self._budget and len(self._entries) > 1:
            _, (_, freed) = self._entries.popitem(last=False)
            self._used -= freed

    def _walk(self, document: DocumentNode, digest: str, operation_name: str | None) -> Plan:
        operation = _choose(document, operation_name)
        footprint = _Footprint(self._map, document)
        footprint.follow(operation)
        roots = _root_fields(operation, document)
        self._check_repeats(operation, roots)
        named = ",".join(sorted(roots))
        personal = {coordinate: self._map.personal[coordinate] for coordinate in sorted(footprint.personal)}
        return Plan(
            document=document,
            document_hash=digest,
            operation=named[:_LONGEST_NAME],
            operation_name=operation_name,
            operation_type=operation.operation,
            root_fields=tuple(roots),
            label=next(iter(roots)) if len(roots) == 1 else SEVERAL,
            coordinates=frozenset(personal),
            purposes=frozenset(str(purpose.value) for tag in personal.values() for purpose in tag.purposes),
            requirement=Requirement(frozenset(footprint.scopes), frozenset(tag.category for tag in personal.values())),
            tags=personal,
        )

    def _check_repeats(self, operation: OperationDefinitionNode, roots: dict[str, set[str]]) -> None:
        """Refuse an operation that asks several times, under other names, for what may be asked once."""
        kind = self._map.schema.get_root_type(operation.operation)
        for name, keys in roots.items():
            if len(keys) > 1 and kind is not None and f"{kind.name}.{name}" in self._map.once:
                raise RepeatedField(
                    f"`{name}` may stand once in an operation, so nothing ran. Send one request for each."
                )


def _root_fields(operation: OperationDefinitionNode, document: DocumentNode) -> dict[str, set[str]]:
    """Return the fields an operation asks its root for, with the names under which they are answered."""
    fragments = _fragments(document)
    found: dict[str, set[str]] = {}
    waiting, spread = [operation.selection_set], set[str]()
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FieldNode):
                found.setdefault(node.name.value, set()).add((node.alias or node.name).value)
            elif isinstance(node, InlineFragmentNode):
                waiting.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                waiting.append(fragments[node.name.value].selection_set)
    return found


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
    if len(chosen) != 1:
        raise OperationNotFound(
            "The document holds several operations, or none of that name, so nothing ran. "
            "Send `operationName` with the name of one of its operations."
        )
    return chosen[0]


class _Footprint:
    """Collects tagged fields and scopes of an operation and of every fragment it reaches."""

    def __init__(self, schema_map: SchemaMap, document: DocumentNode) -> None:
        self._map = schema_map
        self._fragments = _fragments(document)
        self._seen: set[str] = set()
        self.personal: set[str] = set()
        self.scopes: set[str] = set()

    def follow(self, node: object) -> None:
        """Walk one definition, then the fragments it spreads."""
        info = TypeInfo(self._map.schema)
        walker = _Walker(self, info)
        visit(node, TypeInfoVisitor(info, walker))  # type: ignore[arg-type]
        for name in walker.spreads - self._seen:
            self._seen.add(name)
            self.follow(self._fragments[name])

    def note(self, parent: str, field: str) -> None:
        """Look up one field; a field of an interface counts as the field of every type behind it."""
        for coordinate in self._coordinates(parent, field):
            if coordinate in self._map.personal:
                self.personal.add(coordinate)
            if coordinate in self._map.scopes:
                self.scopes.add(self._map.scopes[coordinate])

    def _coordinates(self, parent: str, field: str) -> list[str]:
        kind = self._map.schema.get_type(parent)
        if kind is None or isinstance(kind, GraphQLObjectType):
            return [f"{parent}.{field}"]
        behind = self._map.schema.get_possible_types(kind)  # type: ignore[arg-type]
        return [f"{item.name}.{field}" for item in behind]


class _Walker(Visitor):
    def __init__(self, footprint: _Footprint, info: TypeInfo) -> None:
        super().__init__()
        self._footprint = footprint
        self._info = info
        self.spreads: set[str] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self._info.get_parent_type()
        if parent is not None:
            self._footprint.note(get_named_type(parent).name, node.name.value)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.spreads.add(node.name.value)
