"""Run one request: plan, access, execution, audit, answer. No record, no data.

A disclosure is durable before its bytes exist; if it cannot be, `data` is null and the code is `AUDIT_UNAVAILABLE`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import structlog
from graphql import ExecutionResult, OperationType

from api.db.trouble import database_is_away
from api.execution.answers import Answer, error_entry, internal_entry, located_entry, refusal, request_errors
from api.execution.errors import DocumentRefused, OperationTimeout
from api.execution.literals import check_variables
from api.execution.plan import UNPLANNED, Plan, Plans
from api.execution.schema_map import Append, Fallback, Releases
from api.execution.wording import without_suggestions
from api.kit.errors import AccessDenied, Unavailable
from api.kit.metrics import Metrics
from api.viewer import Viewer
from governance.access import Denied, covers, decide
from governance.audit.disclosures import Disclosures
from governance.audit.event import AuditEvent, EventKind, Outcome
from governance.errors import AuditUnavailable, SafeError

READS_SCHEMA: Final = "schema:read"
_log = structlog.get_logger("api.execution")


@dataclass(frozen=True, slots=True)
class Request:
    """One GraphQL request after its bytes were read."""

    document: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)


class Context(Protocol):
    """What the fields of an operation are given."""

    viewer: Viewer
    disclosures: Disclosures


class Runner:
    """Runs requests. One for each process."""

    def __init__(
        self,
        plans: Plans,
        fallback: Fallback,
        log: Append,
        *,
        metrics: Metrics,
        releases: Releases | None = None,
        seconds: float = 30.0,
        slow_seconds: float = 2.0,
    ) -> None:
        self._plans = plans
        self._fallback = fallback
        self._audit = log
        self._metrics = metrics
        self._releases = releases
        self._seconds = seconds
        self._slow_seconds = slow_seconds

    async def run(self, request: Request, context: Context) -> Answer:
        """Return the answer; never raises, except for cancellation."""
        began = time.perf_counter()
        request_id = context.viewer.origin.request_id
        plan: Plan | None = None
        try:
            check_variables(request.operation_name, request.variables)
            plan = self._plans.plan(request.document, request.operation_name)
            answer = await self._run(plan, request, context)
        except SafeError as error:
            answer = refusal(_for_viewer(error, context.viewer), request_id)
        except Exception as error:  # noqa: BLE001 - the edge of execution: nothing raw may pass
            _log.exception("operation_failed", error=type(error).__name__, request_id=request_id)
            entry = error_entry(Unavailable(), request_id) if database_is_away(error) else internal_entry(request_id)
            answer = Answer({"errors": [entry], "data": None}, ran=True)
        self._count(plan, answer, context.viewer, time.perf_counter() - began)
        return answer

    async def _run(self, plan: Plan, request: Request, context: Context) -> Answer:
        request_id = context.viewer.origin.request_id
        await self._allow(plan, context.viewer)
        try:
            async with asyncio.timeout(self._seconds):
                result = await self._fallback.execute(plan.document, request.operation_name, request.variables, context)
        except TimeoutError:
            return Answer({"errors": [error_entry(_timeout(plan), request_id)], "data": None}, ran=True)
        if result.data is None and result.errors and not any(error.path for error in result.errors):
            return request_errors(result.errors, request_id)
        return await self._release(plan, result, context)

    async def _allow(self, plan: Plan, viewer: Viewer) -> None:
        """Refuse before any row is read; the refusal is recorded."""
        decision = decide(plan.requirement, viewer.grants)
        if not isinstance(decision, Denied):
            return
        if viewer.person is not None:
            await self._audit.append(_event(plan, viewer, Outcome.DENIED, EventKind.SECURITY, plan.coordinates))
        words = "Sign in" if viewer.person is None else "Use a session or API token that was granted them"
        raise AccessDenied(
            f"This needs grants you do not hold, so nothing was read or changed. {words}; `missing` names them.",
            missing=decision.missing,
        )

    async def _release(self, plan: Plan, result: ExecutionResult, context: Context) -> Answer:
        request_id = context.viewer.origin.request_id
        if context.disclosures and result.data is not None:
            try:
                await self._record(context.viewer, _disclosure(plan, context))
            except AuditUnavailable as error:
                return Answer({"errors": [error_entry(_explain(error, plan), request_id)], "data": None}, ran=True)
        body: dict[str, Any] = {}
        if result.errors:
            entries = []
            for located in result.errors:
                entry, unexpected = located_entry(located, request_id)
                if unexpected is not None:
                    _log.error("resolver_failed", exc_info=unexpected, operation=plan.label, request_id=request_id)
                entries.append(entry)
            body["errors"] = entries
        body["data"] = result.data
        return Answer(body, ran=True)

    async def _record(self, viewer: Viewer, event: AuditEvent) -> None:
        """Make the event durable; what goes to a partner is recorded as a disclosure to that recipient, too (X-5)."""
        if viewer.recipient is None:
            await self._audit.append(event)
        elif self._releases is not None:
            await self._releases.record(viewer, event)
        else:
            raise AuditUnavailable("Releases to partners are not recorded here, so nothing was shown.")

    def _count(self, plan: Plan | None, answer: Answer, viewer: Viewer, seconds: float) -> None:
        """Count the operation, and log one that failed or was slow; by its class, its hash and nothing it held."""
        outcome = _outcome(answer)
        label = plan.label if plan is not None else UNPLANNED
        self._metrics.operation(label, outcome, seconds)
        if outcome != "failed" and seconds < self._slow_seconds:
            return
        log = _log.bind(
            operation=label,
            document=plan.document_hash if plan is not None else "",
            role=viewer.role.value,
            code=answer.code,
            milliseconds=round(seconds * 1000, 1),
            request_id=viewer.origin.request_id,
        )
        if outcome == "failed":
            log.warning("operation_failed")
        else:
            log.warning("operation_slow")


def _outcome(answer: Answer) -> str:
    """Return one of four words: refused before it ran, failed (nothing is shown), partial, answered."""
    if not answer.ran:
        return "refused"
    if "errors" not in answer.body:
        return "answered"
    return "failed" if answer.body.get("data") is None else "partial"


def _for_viewer(error: SafeError, viewer: Viewer) -> SafeError:
    """Take suggestions, which tell names of the schema, from whoever may not read it."""
    if not isinstance(error, DocumentRefused) or any(covers(held, READS_SCHEMA) for held in viewer.grants.scopes):
        return error
    problems = tuple((without_suggestions(message), places) for message, places in error.problems)
    return DocumentRefused(error.message, problems)


def _timeout(plan: Plan) -> OperationTimeout:
    changed = plan.operation_type is OperationType.MUTATION
    advice = (
        "Your change may have been saved all the same: look before you repeat it."
        if changed
        else "Nothing was shown. Ask for less at once."
    )
    return OperationTimeout(f"The operation took too long and was stopped. {advice}")


def _explain(error: AuditUnavailable, plan: Plan) -> AuditUnavailable:
    """Say that a change was saved although its answer cannot be shown."""
    if plan.operation_type is not OperationType.MUTATION:
        return error
    return AuditUnavailable(
        "Your change was saved, but the record of showing you the result could not be written, so it is not shown. "
        "Do not repeat the change; read the result in a minute."
    )


def _disclosure(plan: Plan, context: Context) -> AuditEvent:
    shown = context.disclosures
    event = _event(plan, context.viewer, Outcome.ALLOWED, EventKind.DISCLOSURE, frozenset(shown.coordinates))
    return replace(event, data_subjects=frozenset(shown.data_subjects), row_counts=shown.row_counts)


def _event(plan: Plan, viewer: Viewer, outcome: Outcome, kind: EventKind, coordinates: frozenset[str]) -> AuditEvent:
    return AuditEvent(
        kind=kind,
        actor=viewer.actor,
        operation=plan.operation,
        outcome=outcome,
        document=plan.document_hash,
        purposes=plan.purposes,
        categories=plan.requirement.categories,
        coordinates=coordinates,
        request_id=viewer.origin.request_id,
        sealed=viewer.sealed_origin(),
    )
