"""Read the data of an operation: by its statement, by the resolvers for what it leaves, by the resolvers alone.

The rule: whichever way it went, the same fields are shown, and what was really shown is known for the record.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec
from graphql import DocumentNode, ExecutionResult, GraphQLError, OperationType

from api.execution.arguments import NotCompiled
from api.execution.errors import ChangeNotShown
from api.execution.masking import with_gaps
from api.execution.payloads import Payloads, Reread
from api.execution.plan import Compiled, Plan
from api.execution.schema_map import Fallback, Reads
from api.execution.statement import Known, Outcome, Statement, UnexpectedNull
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


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a subscription: the object its field shows, read just now; None where there is nothing to show."""

    value: Any

    @property
    def row_id(self) -> UUID | None:
        """Return the row behind the object; None where there is nothing to show."""
        row: UUID | None = getattr(getattr(self.value, "row", None), "id", None)
        return row


class Context(Protocol):
    """What the fields of an operation are given; `event` is set for one event of a subscription alone."""

    viewer: Viewer
    disclosures: Disclosures
    masked: frozenset[str]
    event: Event | None


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


class TookTooLong(Exception):
    """The resolvers were stopped; a change may have been saved before that."""


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

    def __init__(self, fallback: Fallback, reads: Reads | None, clock: Clock, *, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._fallback = fallback
        self._reads = reads
        self._clock = clock

    async def read(self, asked: Asked) -> Found:
        """Return what was found; a change is run by the resolvers, once. Raises `ChangeNotShown` after one."""
        asked.context.masked = asked.masked  # neither way shows it, whoever asked
        reads = self._reads
        if reads is None:
            return await self._resolved(asked)
        try:
            if asked.context.event is not None and asked.context.event.row_id is None:
                return await self._resolved(asked)
            if asked.plan.operation_type is OperationType.MUTATION:
                payloads = asked.plan.payloads(asked.coerced) if not asked.masked else None
                if payloads is None:
                    return await self._resolved(asked)
                for reread in payloads.rereads:  # whatever is wrong with an argument shows before anything is changed
                    reread.statement.parameters(self._known(asked), asked.coerced)
            else:
                return await self._compiled(reads, asked.plan.compiled(asked.coerced, asked.masked), asked)
        except (NotCompiled, UnexpectedNull, InvalidInput):
            asked.context.disclosures.clear()
            return await self._resolved(asked)
        return await self._changed(reads, payloads, asked)

    async def _compiled(self, reads: Reads, compiled: Compiled, asked: Asked) -> Found:
        text = await self._text(reads, compiled.statement, asked)
        if compiled.rest is None:
            return _put_together(asked, None, compiled, text)
        result = await self._execute(compiled.rest, asked)
        if result.data is None:
            raise NotCompiled("errors in what is left")
        left = [msgspec.json.encode(result.data.get(key)) for key in compiled.statement.left]
        return _put_together(asked, result, compiled, text, left)

    async def _resolved(self, asked: Asked) -> Found:
        plan = asked.plan
        result = await self._execute(plan.document, asked)
        return _found(Path.RESOLVED, asked, result)

    async def _changed(self, reads: Reads, payloads: Payloads, asked: Asked) -> Found:
        """Run a change, then read what its payload shows of the row."""
        result = await self._execute(payloads.document, asked)
        try:
            outcomes = [await self._reread(reads, reread, result.data or {}, asked) for reread in payloads.rereads]
        except Exception as error:
            raise ChangeNotShown from error
        return _found(Path.MIXED, asked, result, tuple(outcome for outcome in outcomes if outcome is not None))

    async def _reread(self, reads: Reads, reread: Reread, data: dict[str, Any], asked: Asked) -> Outcome | None:
        payload = data.get(reread.root_key)
        shown = payload.get(reread.key) if payload is not None else None
        if payload is None or shown is None:
            return None
        row = reread.row_of(shown["id"])
        outcome = reread.statement.outcome(await self._text(reads, reread.statement, asked, row))
        payload[reread.key] = msgspec.Raw(outcome.data)
        return outcome

    async def _execute(self, document: DocumentNode, asked: Asked) -> ExecutionResult:
        """Run the resolvers, for so long. Statements need no clock of ours: the server ends them."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._fallback.execute(document, asked.plan.operation_name, asked.variables, asked.context)
        except TimeoutError:
            raise TookTooLong from None

    async def _text(self, reads: Reads, statement: Statement, asked: Asked, row: UUID | None = None) -> bytes:
        if not statement.sql:
            return statement.constant.encode()
        text = await reads.fetch_answer(statement.sql, statement.parameters(self._known(asked, row), asked.coerced))
        if text is None:
            raise UnexpectedNull
        return text

    def _known(self, asked: Asked, row: UUID | None = None) -> Known:
        viewer, event = asked.context.viewer, asked.context.event
        if event is not None:
            row = event.row_id
        person = viewer.holder.id if viewer.holder else None
        return Known(viewer.account_id, person, viewer.session_id, self._clock.now(), row)


def _found(path: Path, asked: Asked, result: ExecutionResult | None, outcomes: tuple[Outcome, ...] = ()) -> Found:
    """Put together what statements and resolvers showed."""
    shown = asked.context.disclosures
    if result is None and len(outcomes) == 1:
        (only,) = outcomes
        people = asked.context.viewer.spoken_of if only.coordinates else _NOBODY
        return Found(path, only.data, None, only.coordinates, people, only.row_counts, only.objects)
    rows = Counter(shown.row_counts)
    for outcome in outcomes:
        rows.update(outcome.row_counts)
    coordinates = frozenset(shown.coordinates).union(*(outcome.coordinates for outcome in outcomes))
    told = any(outcome.coordinates for outcome in outcomes)
    people = frozenset(shown.data_subjects) | (asked.context.viewer.spoken_of if told else _NOBODY)
    data = outcomes[0].data if path is Path.MIXED and asked.plan.operation_type is not OperationType.MUTATION else None
    objects = sum(shown.row_counts.values()) + sum(outcome.objects for outcome in outcomes)
    return Found(path, data, result, coordinates, people, dict(rows), objects)


def _put_together(
    asked: Asked,
    result: ExecutionResult | None,
    compiled: Compiled,
    text: bytes,
    left: Sequence[bytes] = (),
) -> Found:
    """Finish what a statement returned, with a gap for each masked field; what was left tells of its gaps itself."""
    statement, plan = compiled.statement, asked.plan
    path = Path.COMPILED if compiled.rest is None else Path.MIXED
    if not asked.masked:
        return _found(path, asked, result, (statement.outcome(text, left),))
    data, places, gaps = with_gaps(
        statement.finished(text, left),
        tuple(one for one in plan.fields if one.key not in statement.left),
        masked=asked.masked,
        types=compiled.types,
        refuse=lambda coordinate: CategoryNotGranted(plan.category(coordinate)),
    )
    shown = Counter(places)
    counts = [shown[number] for number in range(len(statement.marks))]
    outcome = statement.told(data, counts, text.count(b'{"":'))
    return replace(_found(path, asked, result, (outcome,)), gaps=tuple(gaps))
