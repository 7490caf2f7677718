"""What execution knows of the schema: the schema itself, its tags and scopes by coordinate. Built in `api.graphql`.

A coordinate is `Type.field`, as in the GraphQL specification's schema coordinates.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema

from governance.audit.event import AuditEvent
from governance.tags import PersonalData


@dataclass(frozen=True, slots=True)
class SchemaMap:
    """The parts of the schema that decide access and audit. `once` holds root fields that may stand once only."""

    schema: GraphQLSchema
    personal: Mapping[str, PersonalData]
    scopes: Mapping[str, str]
    once: frozenset[str] = frozenset()


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


class Sources(Protocol):
    """Opens what a subscription listens to."""

    async def open(
        self,
        document: DocumentNode,
        operation_name: str | None,
        variables: Mapping[str, Any],
        context: Any,
    ) -> AsyncGenerator[Any, None] | Sequence[GraphQLError]:
        """Return the objects to show, one for each event and each read just before; or the errors in the variables."""
        ...


class Append(Protocol):
    """The append side of the audit log."""

    async def append(self, event: AuditEvent) -> object:
        """Return when the event is durable, or raise `AuditUnavailable`."""
        ...
