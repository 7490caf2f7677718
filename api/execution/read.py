"""Read the data of an operation: by its statement, by the resolvers for what it leaves, by the resolvers alone.

The rule: whichever way it went, the same fields are shown, and what was really shown is known for the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec
from graphql import ExecutionResult, GraphQLError, OperationType

from api.execution.arguments import NotCompiled
from api.execution.masking import with_gaps
from api.execution.plan import Compiled, Plan
from api.execution.schema_map import Fallback, Reads
from api.execution.statement import Known, Statement, UnexpectedNull
from api.kit.errors import InvalidInput
from api.viewer import Viewer
from governance.audit.disclosures import Disclosures
from governance.clock import Clock
from governance.errors import CategoryNotGranted
from governance.ids import Pseudonym

_NOBODY: Final[frozenset[Pseudonym]] = frozenset()


class Path(StrEnum):
    """How an operation was answered; shown in `extensions.plan` and counted."""

    COMPILED = "compiled"
    MIXED = "mixed"
    RESOLVED = "resolved"


class Context(Protocol):
    """What the fields of an operation are given."""

    viewer: Viewer
    disclosures: Disclosures
    masked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """The data of an operation and what of it tells something about whom.

    `data` is JSON text, or None where `result` holds objects. `objects` counts those that were read.
    """

    path: Path
    data: bytes | None
    result: ExecutionResult | None
    coordinates: frozenset[str]
    data_subjects: frozenset[Pseudonym]
    row_counts: Mapping[str, int] = field(default_factory=dict)
    objects: int = 0
    gaps: tuple[GraphQLError, ...] = ()

    @property
    def errors(self) -> list[GraphQLError]:
        """Return the located errors: of the gaps in what was compiled, and of the resolvers."""
        return [*self.gaps, *((self.result.errors or ()) if self.result is not None else ())]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be read. `variables` are as they were sent, for the resolvers, which coerce them again."""

    plan: Plan
    coerced: Mapping[str, Any]
    variables: Mapping[str, Any]
    context: Context
    masked: frozenset[str] = frozenset()


class Reader:
    """Reads for one process. Without `reads` everything is resolved."""

    def __init__(self, fallback: Fallback, reads: Reads | None, clock: Clock) -> None:
        self._fallback = fallback
        self._reads = reads
        self._clock = clock

    async def read(self, asked: Asked) -> Found:
        """Return what was found; a change is run by the resolvers, once. Neither way shows what is masked."""
        asked.context.masked = asked.masked
        if self._reads is not None and asked.plan.operation_type is not OperationType.MUTATION:
            try:
                compiled = asked.plan.compiled(asked.coerced, asked.masked)
                return await self._compiled(self._reads, compiled, asked)
            except (NotCompiled, UnexpectedNull, InvalidInput):
                asked.context.disclosures.clear()
        return await self._resolved(asked)

    async def _compiled(self, reads: Reads, compiled: Compiled, asked: Asked) -> Found:
        statement, context = compiled.statement, asked.context
        text = await self._text(reads, statement, asked.coerced, context.viewer)
        result: ExecutionResult | None = None
        left: tuple[bytes, ...] = ()
        if compiled.rest is not None:
            name = asked.plan.operation_name
            result = await self._fallback.execute(compiled.rest, name, asked.variables, context)
            if result.data is None:
                raise NotCompiled("errors in what is left")
            left = tuple(msgspec.json.encode(result.data.get(key)) for key in statement.left)
        outcome = statement.outcome(text, left)
        data, gaps = outcome.data, list[GraphQLError]()
        if asked.masked:
            data, gaps = _with_gaps(outcome.data, compiled, asked)
        shown = context.disclosures
        about = context.viewer.spoken_of if outcome.coordinates else _NOBODY
        return Found(
            Path.COMPILED if compiled.rest is None else Path.MIXED,
            data,
            result,
            outcome.coordinates | shown.coordinates,
            about | shown.data_subjects,
            {**outcome.row_counts, **shown.row_counts} if shown else outcome.row_counts,
            outcome.objects,
            tuple(gaps),
        )

    async def _text(self, reads: Reads, statement: Statement, coerced: Mapping[str, Any], viewer: Viewer) -> bytes:
        if not statement.sql:
            return statement.constant.encode()
        text = await reads.fetch_answer(statement.sql, statement.parameters(self._known(viewer), coerced))
        if text is None:
            raise UnexpectedNull
        return text

    async def _resolved(self, asked: Asked) -> Found:
        plan, context = asked.plan, asked.context
        result = await self._fallback.execute(plan.document, plan.operation_name, asked.variables, context)
        shown = context.disclosures
        rows = shown.row_counts
        people = frozenset(shown.data_subjects)
        return Found(Path.RESOLVED, None, result, frozenset(shown.coordinates), people, rows, sum(rows.values()))

    def _known(self, viewer: Viewer) -> Known:
        person = viewer.person
        return Known(viewer.account_id, person.id if person else None, viewer.session_id, self._clock.now())


def _with_gaps(data: bytes, compiled: Compiled, asked: Asked) -> tuple[bytes, list[GraphQLError]]:
    """Say of each masked field why it is null; what was left to the resolvers says so itself."""
    plan, left = asked.plan, compiled.statement.left
    return with_gaps(
        data,
        tuple(one for one in plan.fields if one.key not in left),
        masked=asked.masked,
        types=compiled.types,
        refuse=lambda coordinate: CategoryNotGranted(plan.category(coordinate)),
    )
