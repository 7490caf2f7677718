"""Run one request: plan, charge, access, execution, audit, answer. No record, no data.

A disclosure is durable before its bytes leave; if it cannot be, `data` is null and the code is `AUDIT_UNAVAILABLE`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from graphql import GraphQLError, OperationDefinitionNode, OperationType

from api.db.trouble import database_is_away
from api.execution.answers import Answer, error_entry, internal_entry, located_entry, refusal, request_errors
from api.execution.bill import Bill, Meter
from api.execution.errors import (
    ChangeNotShown,
    DocumentRefused,
    OperationTimeout,
    QueryRequired,
    SubscriptionNeedsStream,
    VariablesInvalid,
)
from api.execution.events import denial, disclosure
from api.execution.explain import Explanation, explain
from api.execution.literals import check_variables
from api.execution.plan import UNPLANNED, Plan
from api.execution.plans import Plans
from api.execution.read import Asked, Context, Found, Reader, TookTooLong
from api.execution.schema_map import Append, Releases
from api.execution.wording import variables_message, without_suggestions
from api.kit.errors import AccessDenied, Unavailable
from api.kit.metrics import Metrics
from api.viewer import Viewer
from governance.access import Denied, Requirement, covers, decide, masked_coordinates
from governance.audit.event import AuditEvent
from governance.errors import AuditUnavailable, SafeError

READS_SCHEMA: Final = "schema:read"
_NOTHING: Final[frozenset[str]] = frozenset()
_log = structlog.get_logger("api.execution")


@dataclass(frozen=True, slots=True)
class Request:
    """One GraphQL request after its bytes were read. With `explain` it is not run but explained.

    `trusted` tells that the document is one of ours; `queries_only` that nothing else may run.
    """

    document: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    explain: bool = False
    trusted: bool = False
    queries_only: bool = False


class Runner:
    """Runs requests. One for each process."""

    def __init__(
        self,
        plans: Plans,
        reader: Reader,
        log: Append,
        *,
        metrics: Metrics,
        meter: Meter,
        releases: Releases | None = None,
        slow_seconds: float = 2.0,
    ) -> None:
        self._plans = plans
        self._reader = reader
        self._audit = log
        self._metrics = metrics
        self._meter = meter
        self._releases = releases
        self._slow_seconds = slow_seconds

    async def run(self, request: Request, context: Context) -> Answer:
        """Return the answer; never raises, except for cancellation."""
        began = time.perf_counter()
        request_id = context.viewer.origin.request_id
        plan: Plan | None = None
        bill = self._meter.open(context.viewer)
        try:
            await bill.admit()
            planned = self._planned(request)
            if isinstance(planned, list):
                answer = request_errors(planned, request_id)
            else:
                plan, coerced = planned
                if request.explain:
                    return await bill.settle(self._explained(plan, coerced, context.viewer))
                await bill.charge(plan.cost(coerced))
                answer = await self._run(plan, coerced, request, context, bill)
        except SafeError as error:
            answer = refusal(_for_viewer(error, context.viewer), request_id)
        except Exception as error:  # noqa: BLE001 - the edge of execution: nothing raw may pass
            answer = failure(error, request_id)
        answer = await bill.settle(answer)
        self._count(plan, answer, context.viewer, time.perf_counter() - began)
        return answer

    async def admit(self, request: Request, context: Context) -> Plan | Answer:
        """Plan an operation that runs later; return the answer that says why it may not run.

        Subscriptions begin here: access is decided and the fee is paid, and their events are run one by one, each
        decided and charged anew. Any other operation costs nothing until it is run.
        """
        began = time.perf_counter()
        request_id = context.viewer.origin.request_id
        plan: Plan | None = None
        bill = self._meter.open(context.viewer)
        try:
            await bill.admit()
            planned = self._planned(request)
            if not isinstance(planned, list):
                plan = planned[0]
                if plan.operation_type is OperationType.SUBSCRIPTION:
                    await self._allow(plan, context.viewer)
                else:
                    await bill.cancel()
                return plan
            answer = request_errors(planned, request_id)
        except SafeError as error:
            answer = refusal(_for_viewer(error, context.viewer), request_id)
        except Exception as error:  # noqa: BLE001 - the edge of execution: nothing raw may pass
            answer = failure(error, request_id)
        answer = await bill.settle(answer)
        self._count(plan, answer, context.viewer, time.perf_counter() - began)
        return answer

    def _planned(self, request: Request) -> tuple[Plan, Mapping[str, Any]] | list[GraphQLError]:
        """Return the plan and the variables as they fit it, or what is wrong with the variables."""
        check_variables(request.operation_name, request.variables)
        operation = self._plans.operation(request.document, request.operation_name)
        if request.queries_only:
            require_query(operation.node)
        coerced = operation.coerce(request.variables)
        return coerced if isinstance(coerced, list) else (operation.plan(coerced), coerced)

    def explain(self, request: Request, viewer: Viewer) -> Explanation:
        """Tell what a request would cost, show and need; raises a safe error for one that could not run."""
        try:
            planned = self._planned(request)
        except SafeError as error:
            raise _for_viewer(error, viewer) from None
        if isinstance(planned, list):
            raise VariablesInvalid(variables_message(planned[0].message))
        return explain(*planned, viewer.grants)

    def _explained(self, plan: Plan, coerced: Mapping[str, Any], viewer: Viewer) -> Answer:
        decision = decide(Requirement(frozenset({READS_SCHEMA})), viewer.grants)
        if isinstance(decision, Denied):
            raise AccessDenied(
                "Operations are explained to those who may read the schema, so nothing was told. Use a session or API "
                "token with the scope that `missing` names.",
                missing=decision.missing,
            )
        found = explain(plan, coerced, viewer.grants)
        return Answer({"data": None}, ran=True).with_extensions(explain=found.entry())

    async def _run(
        self, plan: Plan, coerced: Mapping[str, Any], request: Request, context: Context, bill: Bill
    ) -> Answer:
        request_id = context.viewer.origin.request_id
        if plan.operation_type is OperationType.SUBSCRIPTION and context.event is None:
            raise SubscriptionNeedsStream
        context.masked = await self._allow(plan, context.viewer)
        try:
            found = await self._reader.read(Asked(plan, coerced, request.variables, context, context.masked))
        except ChangeNotShown as error:
            _log.error("change_not_shown", exc_info=error.__cause__, operation=plan.label, request_id=request_id)
            return Answer({"errors": [error_entry(error, request_id)], "data": None}, ran=True)
        except TookTooLong:
            return Answer({"errors": [error_entry(_timeout(plan), request_id)], "data": None}, ran=True)
        bill.used(plan.cost, found)
        errors = found.errors
        if found.data is None and errors and not any(error.path for error in errors):
            return request_errors(errors, request_id)
        return await self._release(plan, found, context)

    async def _allow(self, plan: Plan, viewer: Viewer) -> frozenset[str]:
        """Refuse before any row is read; the refusal is recorded. Return the coordinates to be masked."""
        decision = plan.decision(viewer.grants)
        if not isinstance(decision, Denied):
            if not decision.masked:
                return _NOTHING
            return masked_coordinates({place: plan.category(place) for place in plan.coordinates}, viewer.grants)
        if viewer.person is not None:
            await self._audit.append(denial(plan, viewer))
        words = "Sign in" if viewer.person is None else "Use a session or API token that was granted them"
        raise AccessDenied(
            f"This needs grants you do not hold, so nothing was read or changed. {words}; `missing` names them.",
            missing=decision.missing,
        )

    async def _release(self, plan: Plan, found: Found, context: Context) -> Answer:
        request_id = context.viewer.origin.request_id
        shows = found.data is not None or (found.result is not None and found.result.data is not None)
        if found.coordinates and shows:
            event = disclosure(
                plan,
                context.viewer,
                coordinates=found.coordinates,
                data_subjects=found.data_subjects,
                row_counts=found.row_counts,
            )
            try:
                await self._record(context.viewer, event)
            except AuditUnavailable as error:
                return Answer({"errors": [error_entry(_explain(error, plan), request_id)], "data": None}, ran=True)
        self._metrics.path(found.path.value)
        members: dict[str, Any] = {}
        if found.data is None:
            members["data"] = found.result.data if found.result is not None else None
        entries = [self._entry(error, plan, request_id) for error in found.errors]
        if entries:
            members["errors"] = entries
        members["extensions"] = {"plan": found.path.value}
        return Answer(members, ran=True, data=found.data)

    def _entry(self, located: Any, plan: Plan, request_id: str) -> dict[str, Any]:
        entry, unexpected = located_entry(located, request_id)
        if unexpected is not None:
            _log.error("resolver_failed", exc_info=unexpected, operation=plan.label, request_id=request_id)
        return entry

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


def failure(error: Exception, request_id: str) -> Answer:
    """Return the answer to a fault of ours, after logging it; no data, and no word of its cause."""
    _log.exception("operation_failed", error=type(error).__name__, request_id=request_id)
    entry = error_entry(Unavailable(), request_id) if database_is_away(error) else internal_entry(request_id)
    return Answer({"errors": [entry], "data": None}, ran=True)


def _outcome(answer: Answer) -> str:
    """Return one of four words: refused before it ran, failed (nothing is shown), partial, answered."""
    if not answer.ran:
        return "refused"
    if "errors" not in answer.members:
        return "answered"
    return "failed" if answer.shows_nothing else "partial"


def require_query(node: OperationDefinitionNode) -> None:
    """Refuse what is no query where the request may only read."""
    if node.operation is not OperationType.QUERY:
        raise QueryRequired(
            f"A {node.operation.value} cannot be sent by GET, so nothing ran. Send it by POST.",
        )


def _for_viewer(error: SafeError, viewer: Viewer) -> SafeError:
    """Take suggestions, which tell names of the schema, from whoever may not read it."""
    if not isinstance(error, DocumentRefused) or any(covers(held, READS_SCHEMA) for held in viewer.grants.scopes):
        return error
    problems = tuple((without_suggestions(message), places) for message, places in error.problems)
    return DocumentRefused(error.message, problems, syntax=error.syntax)


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
