"""A subscription in the runner: refused without an event, run with one, admitted before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any

from graphql import DocumentNode, ExecutionResult, build_schema, execute

from api.execution.answers import Answer
from api.execution.bill import ADMISSION
from api.execution.plan import Plan
from api.execution.plans import Plans
from api.execution.read import Event, Reader
from api.execution.run import Request, Runner
from api.execution.schema_map import SchemaMap
from api.kit.metrics import Metrics
from governance.access import Grants
from governance.audit.event import Outcome
from governance.clock import SystemClock
from tests.unit.execution.sample import PERSONAL, SCOPES, SDL, Log, Surroundings, Tree, meter

SCHEMA = build_schema(SDL + "type Subscription { changed(id: ID): Account }")
MAP = SchemaMap(SCHEMA, PERSONAL, SCOPES)
FOLLOW = Request("subscription($id: ID) { changed(id: $id) { email } }")


def runner(log: Log, tree: Tree) -> Runner:
    return Runner(Plans(MAP), Reader(tree, None, SystemClock()), log, metrics=Metrics(), meter=meter())


async def test_without_an_event_it_is_refused() -> None:
    tree = Tree()
    answer = await runner(Log(), tree).run(FOLLOW, Surroundings())
    assert (answer.code, answer.ran, tree.runs) == ("SUBSCRIPTION_NEEDS_STREAM", False, 0)


class Happened(Tree):
    """Executes on what happened."""

    async def execute(
        self, document: DocumentNode, operation_name: str | None, variables: Mapping[str, Any], context: Any
    ) -> ExecutionResult:
        self.runs += 1
        root = {"changed": context.event.value}
        result = execute(SCHEMA, document, root, context, dict(variables), operation_name)
        return await result if isawaitable(result) else result


async def test_with_an_event_it_runs_like_a_query() -> None:
    tree, context = Happened(), Surroundings()
    for value in ({"email": "sara@example.org"}, None):
        context.event = Event(value)
        answer = await runner(Log(), tree).run(FOLLOW, context)
        assert (answer.ran, answer.body["data"]) == (True, {"changed": value})
    assert tree.runs == 2


async def test_admission_runs_nothing_and_decides() -> None:
    log, tree = Log(), Tree()
    admitted = await runner(log, tree).admit(FOLLOW, Surroundings())
    assert isinstance(admitted, Plan)
    assert admitted.label == "changed"
    refused = await runner(log, tree).admit(FOLLOW, Surroundings(Grants()))
    assert isinstance(refused, Answer)
    assert refused.code == "ACCESS_DENIED"
    assert [event.outcome for event in log.events] == [Outcome.DENIED]
    assert tree.runs == 0


async def test_admission_says_what_is_wrong() -> None:
    wrong: list[tuple[Request, str]] = [
        (Request("{"), "DOCUMENT_INVALID"),
        (Request(FOLLOW.document, "Other"), "OPERATION_NOT_FOUND"),
        (Request(FOLLOW.document, None, {"id": [1]}), "VARIABLES_INVALID"),
    ]
    for request, code in wrong:
        found: Any = await runner(Log(), Tree()).admit(request, Surroundings())
        assert (found.code, found.ran) == (code, False)


async def test_a_fault_at_admission_is_masked() -> None:
    found = await runner(Log(broken=True), Tree()).admit(FOLLOW, Surroundings(Grants()))
    assert isinstance(found, Answer)
    assert found.code == "AUDIT_UNAVAILABLE"


async def test_admission_of_a_query_costs_nothing_more() -> None:
    """It is run, and paid, right after; a subscription pays the fee when it is opened."""
    query = Request("{ me { id } }")
    left = []
    for before in ((), (query,), (FOLLOW,)):
        made = runner(Log(), Tree({"me": {"id": "1"}}))
        for request in before:
            assert isinstance(await made.admit(request, Surroundings()), Plan)
        answer = await made.run(query, Surroundings())
        assert answer.cost is not None
        left.append(answer.cost.balance.remaining)
    assert left == [left[0], left[0], left[0] - ADMISSION]


async def test_a_refused_admission_says_what_it_cost() -> None:
    found = await runner(Log(), Tree()).admit(Request("{"), Surroundings())
    assert isinstance(found, Answer)
    assert found.cost is not None
    assert found.cost.actual == ADMISSION
