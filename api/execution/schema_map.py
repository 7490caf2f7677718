"""What execution knows of the schema: the schema itself, its tags and scopes by coordinate, and where it is stored.

Built in `api.graphql` and handed in by the composition root. A coordinate is `Type.field`, as in the GraphQL
specification's schema coordinates.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema

from api.execution.cost import Prices
from api.execution.sources import Sources
from api.viewer import Viewer
from governance.audit.event import AuditEvent
from governance.tags import PersonalData


@dataclass(frozen=True, slots=True)
class SchemaMap:
    """The parts of the schema that decide access, audit, cost and reading.

    `once` holds root fields that may stand once only. `told_by_arguments` gives, by the coordinate of an argument
    (`Account.certificates(expiringBefore:)`), the personal fields that its answer tells of. Without `sources` nothing
    is compiled. `walled` says whether statements set the viewer for row-level security.
    """

    schema: GraphQLSchema
    personal: Mapping[str, PersonalData]
    scopes: Mapping[str, str]
    once: frozenset[str] = frozenset()
    sources: Sources | None = None
    walled: bool = True
    prices: Prices = field(default_factory=Prices)
    told_by_arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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


class EventSources(Protocol):
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


class Reads(Protocol):
    """Runs compiled statements, as a role that can only read."""

    async def fetch_answer(self, sql: str, parameters: Sequence[Any]) -> bytes | None:
        """Return the one value of the one row, a text in UTF-8; raises what the driver raises."""
        ...


class Append(Protocol):
    """The append side of the audit log."""

    async def append(self, event: AuditEvent) -> object:
        """Return when the event is durable, or raise `AuditUnavailable`."""
        ...
