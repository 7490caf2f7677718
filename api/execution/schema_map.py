"""What execution knows of the schema: the schema itself, its tags and scopes by coordinate. Built in `api.graphql`.

A coordinate is `Type.field`, as in the GraphQL specification's schema coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import DocumentNode, ExecutionResult, GraphQLSchema

from api.viewer import Viewer
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


class Releases(Protocol):
    """Records what is shown to a partner: its event, and a disclosure to that recipient, in one transaction."""

    async def record(self, viewer: Viewer, event: AuditEvent) -> None:
        """Return when both are durable, or raise `AuditUnavailable`."""
        ...


class Append(Protocol):
    """The append side of the audit log."""

    async def append(self, event: AuditEvent) -> object:
        """Return when the event is durable, or raise `AuditUnavailable`."""
        ...
