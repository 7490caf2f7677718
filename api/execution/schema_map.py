"""What execution knows of the schema: the schema itself, its tags and scopes by coordinate. Built in `api.graphql`.

A coordinate is `Type.field`, as in the GraphQL specification's schema coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import DocumentNode, ExecutionResult, GraphQLSchema

from api.execution.cost import Prices
from governance.audit.event import AuditEvent
from governance.tags import PersonalData


@dataclass(frozen=True, slots=True)
class SchemaMap:
    """The parts of the schema that decide access, audit and cost. `once` holds root fields that may stand once only."""

    schema: GraphQLSchema
    personal: Mapping[str, PersonalData]
    scopes: Mapping[str, str]
    once: frozenset[str] = frozenset()
    prices: Prices = field(default_factory=Prices)


class Fallback(Protocol):
    """Executes a validated document field by field."""

    async def execute(
        self,
        document: DocumentNode,
        operation_name: str | None,
        variables: Mapping[str, Any],
        context: Any,
    ) -> ExecutionResult:
        """Return data and located errors; never raises for what a resolver does."""
        ...


class Append(Protocol):
    """The append side of the audit log."""

    async def append(self, event: AuditEvent) -> object:
        """Return when the event is durable, or raise `AuditUnavailable`."""
        ...
