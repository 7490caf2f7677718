"""The plan: what an operation shows, needs and runs, worked out by one walk of its selection and kept.

A plan is what authorises, charges, executes, audits and explains. It belongs to one operation of one document under one
setting of its switches (`@skip`, `@include`); statements are kept in it by what else shapes them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from graphql import DocumentNode, OperationDefinitionNode, OperationType, SelectionSetNode

from api.execution.arguments import Coerced, NotCompiled
from api.execution.compile import compile_fields
from api.execution.cost import Cost, measure
from api.execution.decide import Decide, deciders
from api.execution.errors import RepeatedField
from api.execution.payloads import Payloads, payloads_of
from api.execution.requirement import never_null, requirement_of
from api.execution.schema_map import SchemaMap
from api.execution.selection import Field, select, switches_of, walk
from api.execution.statement import Statement
from api.execution.variables import Coercion
from governance.access import Decision, Grants, Requirement, decide
from governance.tags import PersonalData

SEVERAL: Final = "several"
UNPLANNED: Final = "unplanned"
_LONGEST_NAME: Final = 120
_MOST_STATEMENTS: Final = 64
_MOST_PLANS: Final = 32


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement, and the document that the resolvers run for what it leaves to them; None where it leaves nothing.

    `types` gives the type that an id names, by the identity of the field that looks it up.
    """

    statement: Statement
    rest: DocumentNode | None
    types: Mapping[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """One operation. `operation` names its root fields, never what the caller calls it.

    `fields` is its selection; `coordinates` are the personal fields in it, before any of them is masked.
    """

    document: DocumentNode
    document_hash: str
    operation: str
    operation_name: str | None
    operation_type: OperationType
    root_fields: tuple[str, ...]
    label: str
    fields: tuple[Field, ...]
    coordinates: frozenset[str]
    purposes: frozenset[str]
    requirement: Requirement
    cost: Cost
    _node: OperationDefinitionNode
    _map: SchemaMap
    _deciders: tuple[tuple[int, Decide], ...] = ()
    _never_null: frozenset[str] = frozenset()
    _compiled: dict[Hashable, Compiled | NotCompiled] = field(default_factory=dict)
    _payloads: dict[Hashable, Payloads | None] = field(default_factory=dict)
    _decisions: dict[Grants, Decision] = field(default_factory=dict)
    _told: dict[frozenset[str], tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)

    def decision(self, grants: Grants) -> Decision:
        """Return whether these grants let the operation run; worked out once for each set of them."""
        found = self._decisions.get(grants)
        if found is None:
            if len(self._decisions) >= _MOST_STATEMENTS:
                self._decisions.clear()
            found = self._decisions[grants] = decide(self.requirement, grants)
        return found

    def told(self, coordinates: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Return purposes and categories of those of `coordinates` that were shown; worked out once for each set."""
        found = self._told.get(coordinates)
        if found is None:
            if len(self._told) >= _MOST_STATEMENTS:
                self._told.clear()
            tags = [self._map.personal[coordinate] for coordinate in coordinates]
            purposes = frozenset(str(purpose.value) for tag in tags for purpose in tag.purposes)
            found = self._told[coordinates] = purposes, frozenset(tag.category for tag in tags)
        return found

    def category(self, coordinate: str) -> str:
        """Return the data category of one of `coordinates`."""
        return self._map.personal[coordinate].category

    def tag(self, coordinate: str) -> PersonalData:
        """Return the tag of one of `coordinates`."""
        return self._map.personal[coordinate]

    def compiled(self, coerced: Coerced, masked: frozenset[str] = frozenset()) -> Compiled:
        """Return the statement for these variables; raises `NotCompiled` where the resolvers must answer all."""
        if self._map.sources is None or self.operation_type is OperationType.MUTATION:
            raise NotCompiled(self.operation_type.value)
        if any(coerced.get(name, name) is None for name in self._never_null):
            raise NotCompiled("null for an argument")
        decisions = tuple(decide(coerced) for _, decide in self._deciders)
        key = (decisions, masked)
        found = self._compiled.get(key)
        if found is None:
            found = self._compile(decisions, masked)
            if len(self._compiled) >= _MOST_STATEMENTS:
                self._compiled.clear()
            self._compiled[key] = found
        if isinstance(found, NotCompiled):
            raise found
        return found

    def payloads(self, coerced: Coerced) -> Payloads | None:
        """Return how the payload of a mutation is read; None where the resolvers show it."""
        sources = self._map.sources
        if sources is None or self.operation_type is not OperationType.MUTATION:
            return None
        decisions = tuple(decide(coerced) for _, decide in self._deciders)
        if decisions not in self._payloads:
            if len(self._payloads) >= _MOST_STATEMENTS:
                self._payloads.clear()
            made = payloads_of(
                self.fields,
                self.document,
                self._node,
                sources,
                decisions=self._places(decisions),
                walled=self._map.walled,
            )
            self._payloads[decisions] = made
        return self._payloads[decisions]

    def _places(self, decisions: tuple[Hashable, ...]) -> dict[int, Hashable]:
        return {place: decision for (place, _), decision in zip(self._deciders, decisions, strict=True)}

    def _compile(self, decisions: tuple[Hashable, ...], masked: frozenset[str]) -> Compiled | NotCompiled:
        sources, places = self._map.sources, self._places(decisions)
        assert sources is not None
        try:
            statement = compile_fields(self.fields, sources, decisions=places, masked=masked, walled=self._map.walled)
        except NotCompiled as reason:
            return reason
        rest = self._rest(frozenset(statement.left)) if statement.left else None
        types = {place: decision for place, decision in places.items() if isinstance(decision, str)}
        return Compiled(statement, rest, types)

    def _rest(self, keys: frozenset[str]) -> DocumentNode:
        """Return the document cut down to these root fields."""
        nodes = tuple(node for one in self.fields if one.key in keys for node in one.nodes)
        chosen = replace(self._node, selection_set=SelectionSetNode(selections=nodes))
        definitions = tuple(chosen if node is self._node else node for node in self.document.definitions)
        return replace(self.document, definitions=definitions)


@dataclass(slots=True)
class Operation:
    """One operation of a document: how its variables are coerced, and a plan for each setting of its switches."""

    node: OperationDefinitionNode
    document: DocumentNode
    digest: str
    name: str | None
    schema_map: SchemaMap
    coerce: Coercion = field(init=False)
    _switches: tuple[str, ...] = field(init=False)
    _plans: dict[tuple[Any, ...], Plan] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.coerce = Coercion(self.schema_map.schema, self.node)
        self._switches = switches_of(self.node, self.document)

    def plan(self, coerced: Mapping[str, Any]) -> Plan:
        """Return the plan for coerced variables; raises `RepeatedField`."""
        shape = tuple(coerced.get(name) for name in self._switches)
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._walk(dict(zip(self._switches, shape, strict=True)))
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[shape] = plan
        return plan

    def _walk(self, switches: Mapping[str, Any]) -> Plan:
        schema_map = self.schema_map
        fields = select(schema_map.schema, self.document, self.node, switches)
        _check_repeats(fields, schema_map)
        coordinates = {one.coordinate for one in walk(fields)}
        personal = frozenset(coordinates & schema_map.personal.keys())
        tags = [schema_map.personal[coordinate] for coordinate in personal]
        roots = tuple(dict.fromkeys(one.name for one in fields))
        return Plan(
            document=self.document,
            document_hash=self.digest,
            operation=",".join(sorted(roots))[:_LONGEST_NAME],
            operation_name=self.name,
            operation_type=self.node.operation,
            root_fields=roots,
            label=roots[0] if len(roots) == 1 else SEVERAL,
            fields=fields,
            coordinates=personal,
            purposes=frozenset(str(purpose.value) for tag in tags for purpose in tag.purposes),
            requirement=requirement_of(fields, schema_map),
            _node=self.node,
            cost=measure(fields, self.node.operation, schema_map.prices),
            _map=schema_map,
            _deciders=deciders(fields, schema_map.sources) if schema_map.sources is not None else (),
            _never_null=never_null(fields) | frozenset(self._switches),
        )


def _check_repeats(fields: tuple[Field, ...], schema_map: SchemaMap) -> None:
    """Refuse an operation that asks several times, under other names, for what may be asked once."""
    seen: set[str] = set()
    for one in fields:
        if one.coordinate in seen and one.coordinate in schema_map.once:
            raise RepeatedField(
                f"`{one.name}` may stand once in an operation, so nothing ran. Send one request for each."
            )
        seen.add(one.coordinate)
