"""A small schema like ours in shape: an interface, connections, tagged fields, a mutation that may stand once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, Final
from uuid import UUID

from graphql import DocumentNode, ExecutionResult, GraphQLSchema, build_schema, execute

from api.execution.bill import Meter
from api.execution.callers import Callers
from api.execution.charges import CallerKind, ProcessCharges, Quota
from api.execution.plans import Plans
from api.execution.read import Event, Reader
from api.execution.run import Runner
from api.execution.schema_map import SchemaMap
from api.execution.shape import Limits
from api.kit.metrics import Metrics
from api.models import Purpose, Retention
from api.viewer import Origin, Role, Viewer
from governance.access import Grants
from governance.audit.disclosures import Disclosures
from governance.audit.event import AuditEvent, Person
from governance.clock import Clock, ManualClock, SystemClock
from governance.errors import AuditUnavailable
from governance.ids import DataSubjectId, new_pseudonym
from governance.tags import Origin as DataOrigin
from governance.tags import PersonalData

SDL: Final = """
interface Node { id: ID! }
type Account implements Node { id: ID!  email: String!  name: String  domains(first: Int!): [Domain!]! }
type Domain implements Node { id: ID!  name: String!  owner: Account }
scalar Moment
enum Colour { RED }
input Change { name: String!  colour: Colour  at: Moment  count: Int }
type Query { me: Account  node(id: ID!): Node  since(at: Moment, count: Int = 1): String  colour: Colour }
type Mutation { signIn(name: String): Boolean  change(input: Change!): Account }
"""


def tag(category: str) -> PersonalData:
    return PersonalData(category, "1.1", frozenset({Purpose.ACCOUNT}), DataOrigin.PROVIDED, Retention.ACC)


PERSONAL: Final = {
    "Account.email": tag("user.contact.email"),
    "Account.name": tag("user.name"),
    "Domain.name": tag("user.contact.url"),
}
SCOPES: Final = {
    "Query.__schema": "schema:read",
    "Query.__type": "schema:read",
    "Account.email": "account:read",
    "Account.domains": "domains:read",
    "Domain.name": "domains:read",
    "Mutation.change": "account:write",
}
SCHEMA: Final[GraphQLSchema] = build_schema(SDL)
MAP: Final = SchemaMap(SCHEMA, PERSONAL, SCOPES, frozenset({"Mutation.signIn"}))
PLENTY: Final = Quota(1_000_000, 1_000)
PERSON: Final = Person(DataSubjectId(UUID(int=1)), new_pseudonym())
ALL: Final = Grants(frozenset({"account", "domains", "schema"}), frozenset({"user"}))


def plans(**limits: int) -> Plans:
    return Plans(MAP, Limits(**limits))


class Surroundings:
    """The context of an operation."""

    def __init__(self, grants: Grants = ALL, *, known: bool = True) -> None:
        person = PERSON if known else None
        self.viewer = Viewer(
            Role.HOLDER if known else Role.ANONYMOUS, Origin("192.0.2.7", "x", "request-7"), person, grants=grants
        )
        self.disclosures = Disclosures()
        self.masked: frozenset[str] = frozenset()
        self.event: Event | None = None


class Log:
    """An audit log that keeps what it is given, or fails when told to."""

    def __init__(self, *, broken: bool = False) -> None:
        self.events: list[AuditEvent] = []
        self.broken = broken

    async def append(self, event: AuditEvent) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise AuditUnavailable("Nothing was shown.")
        self.events.append(event)


class Tree:
    """Executes on plain objects; counts how often it was asked to."""

    def __init__(self, root: Any = None) -> None:
        self.root = root if root is not None else {}
        self.runs = 0

    async def execute(
        self, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult:
        self.runs += 1
        result = execute(
            SCHEMA,
            document,
            self.root,
            context,
            dict(variables),
            operation_name,
            type_resolver=lambda *_: "Account",
        )
        return await result if isawaitable(result) else result


def meter(quota: Quota = PLENTY, clock: Clock | None = None) -> Meter:
    clock = clock or ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    return Meter(ProcessCharges(dict.fromkeys(CallerKind, quota), clock), Callers(b"c" * 32), clock)


def runner(tree: Tree, log: Log | None = None, **settings: Any) -> Runner:
    return Runner(
        plans(),
        Reader(tree, None, SystemClock(), seconds=settings.pop("seconds", 30.0)),
        log or Log(),
        **({"metrics": Metrics(), "meter": meter()} | settings),
    )
