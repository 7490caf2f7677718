"""The cache of documents and their plans: one, by SHA-256 of the text, within a budget of bytes.

The rule: whatever a document cost to read is paid once. Least recently used documents go first, with all their plans.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import DocumentNode, OperationDefinitionNode

from api.execution.document import read_document
from api.execution.errors import OperationNotFound
from api.execution.plan import Operation, Plan
from api.execution.schema_map import SchemaMap
from api.execution.shape import Limits

_CHARACTER_BYTES: Final = 120
"""What a character of a document costs in memory when parsed, planned and compiled: measured, and rounded up."""


@dataclass(slots=True)
class _Entry:
    document: DocumentNode
    size: int
    operations: dict[str | None, Operation] = field(default_factory=dict)


class Plans:
    """Operations of documents, kept within `budget` bytes (an estimate)."""

    def __init__(self, schema_map: SchemaMap, limits: Limits | None = None, budget: int = 64 << 20) -> None:
        self._map = schema_map
        self._limits = limits or Limits()
        self._budget = budget
        self._used = 0
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    @property
    def schema_map(self) -> SchemaMap:
        """Return what is known of the schema."""
        return self._map

    @property
    def used(self) -> int:
        """Return the bytes in use, as estimated."""
        return self._used

    def operation(self, text: str, name: str | None) -> Operation:
        """Return the operation; raises what `read_document` raises, or `OperationNotFound`. Nothing has run."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        entry = self._entries.get(digest)
        if entry is None:
            entry = _Entry(read_document(text, self._map.schema, self._limits), len(text) * _CHARACTER_BYTES)
            self._keep(digest, entry)
        else:
            self._entries.move_to_end(digest)
        operation = entry.operations.get(name)
        if operation is None:
            node = _choose(entry.document, name)
            operation = Operation(node, entry.document, digest, name, self._map)
            entry.operations[name] = operation
        return operation

    def plan(self, text: str, name: str | None, variables: dict[str, Any] | None = None) -> Plan:
        """Return the plan of an operation for variables that are known to fit."""
        return self.operation(text, name).plan(variables or {})

    def _keep(self, digest: str, entry: _Entry) -> None:
        self._entries[digest] = entry
        self._used += entry.size
        while self._used > self._budget and len(self._entries) > 1:
            _, gone = self._entries.popitem(last=False)
            self._used -= gone.size


def _choose(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    chosen = [node for node in operations if name is None or (node.name is not None and node.name.value == name)]
    if len(chosen) != 1:
        raise OperationNotFound(
            "The document holds several operations, or none of that name, so nothing ran. "
            "Send `operationName` with the name of one of its operations."
        )
    return chosen[0]
