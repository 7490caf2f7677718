"""A request is refused before anything runs, or its answer leaves after its record; nothing raw ever leaves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphql import GraphQLResolveInfo
from prometheus_client import generate_latest

from api.execution.answers import Answer
from api.execution.run import Request, Runner
from api.kit.errors import NotFound
from api.kit.metrics import Metrics
from governance.access import Grants
from governance.audit.event import EventKind, Outcome
from tests.support.logs import captured_log
from tests.unit.execution.sample import PERSON, Log, Surroundings, Tree, runner

CANARY = "canary-4711@example.org"
ARMOUR = "-----BEGIN " + "RSA PRIVATE KEY-----"


def shows(info: GraphQLResolveInfo, coordinate: str) -> None:
    info.context.disclosures.note(coordinate, (PERSON.pseudonym,), object())


def account(info: GraphQLResolveInfo, **_: Any) -> dict[str, Any]:
    def email(inner: GraphQLResolveInfo) -> str:
        shows(inner, "Account.email")
        return CANARY

    return {"id": "1", "email": email}


async def ask(running: Runner, text: str, variables: Any = None, around: Surroundings | None = None) -> Answer:
    return await running.run(Request(text, None, variables or {}), around or Surroundings())


def only_error(answer: Answer) -> dict[str, Any]:
    (error,) = answer.body["errors"]
    assert error["extensions"]["requestId"] == "request-7"
    return error["extensions"] | {"message": error["message"]}


async def test_an_answer_leaves_after_its_record() -> None:
    log = Log()
    answer = await ask(runner(Tree({"me": account}), log), "query Mine { me { email } }")
    assert answer.body["data"] == {"me": {"email": CANARY}}
    (event,) = log.events
    assert (event.kind, event.outcome, event.operation) == (EventKind.DISCLOSURE, Outcome.ALLOWED, "me")
    assert (event.coordinates, event.row_counts) == ({"Account.email"}, {"Account": 1})
    assert event.data_subjects == {PERSON.pseudonym}
    assert event.categories == {"user.contact.email"}


@pytest.mark.clause("X-3")
@pytest.mark.parametrize("operation", ["query { me { email } }", 'mutation { change(input: {name: "x"}) { email } }'])
async def test_no_record_no_data(operation: str) -> None:
    answer = await ask(runner(Tree({"me": account, "change": account}), Log(broken=True)), operation)
    assert answer.body["data"] is None
    error = only_error(answer)
    assert error["code"] == "AUDIT_UNAVAILABLE"
    assert ("was saved" in error["message"]) is operation.startswith("mutation")
    assert CANARY not in answer.encode().decode()


async def test_what_shows_nothing_needs_no_record() -> None:
    answer = await ask(runner(Tree({"me": account}), Log(broken=True)), "{ me { id } }")
    assert answer.body["data"] == {"me": {"id": "1"}}


async def test_denied_is_one_error_nothing_read_and_one_event() -> None:
    tree, log = Tree({"me": account}), Log()
    around = Surroundings(Grants(frozenset({"domains:read"}), frozenset({"user.name"})))
    answer = await ask(runner(tree, log), "{ me { email } }", around=around)
    error = only_error(answer)
    assert (error["code"], error["missing"]) == ("ACCESS_DENIED", ["account:read", "data:user.contact.email"])
    assert (answer.ran, tree.runs, "data" in answer.body) == (False, 0, False)
    (event,) = log.events
    assert (event.kind, event.outcome) == (EventKind.SECURITY, Outcome.DENIED)


async def test_nobody_known_is_refused_without_an_event() -> None:
    tree, log = Tree(), Log()
    answer = await ask(runner(tree, log), "{ __schema { types { name } } }", around=Surroundings(Grants(), known=False))
    assert only_error(answer)["missing"] == ["schema:read"]
    assert (tree.runs, log.events) == (0, [])


async def test_a_refusal_that_cannot_be_recorded_is_refused_all_the_same() -> None:
    tree = Tree({"me": account})
    answer = await ask(runner(tree, Log(broken=True)), "{ me { email } }", around=Surroundings(Grants()))
    assert (only_error(answer)["code"], tree.runs) == ("AUDIT_UNAVAILABLE", 0)


VARIABLES = [
    ("query($x: Int) { since(count: $x) }", {"x": "geheim"}),
    ("query($x: Int) { since(count: $x) }", {"x": ["geheim"]}),
    ("query($x: Int!) { since(count: $x) }", {}),
    ("query($x: Int!) { since(count: $x) }", {"x": 99_999_999_999}),
    ("query($x: [ID!]!) { since(count: 1) node(id: $x) { id } }", {"x": 1}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": {"nam": "geheim"}}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": {"name": {"geheim": "geheim"}}}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": {"name": "a", "colour": "geheim"}}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": {"name": "a", "count": {"a": ["geheim"]}}}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": {"name": "a", "geheim -- key": 1}}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": "geheim"}),
    ("mutation($x: Change!) { change(input: $x) { id } }", {"x": None}),
]


@pytest.mark.parametrize(("text", "variables"), VARIABLES[:4] + VARIABLES[5:])
async def test_variables_that_do_not_fit_are_not_repeated(text: str, variables: Any) -> None:
    answer = await ask(runner(Tree()), text, variables)
    assert {error["extensions"]["code"] for error in answer.body["errors"]} == {"VARIABLES_INVALID"}
    assert (answer.ran, "data" in answer.body) == (False, False)
    assert "geheim" not in answer.encode().decode()


async def test_the_place_of_a_bad_variable_is_told() -> None:
    answer = await ask(runner(Tree()), VARIABLES[7][0], VARIABLES[7][1])
    assert only_error(answer)["message"] == (
        "Invalid value for `$x.colour`, so it was not used. A value is not one of the names of `Colour`."
    )


async def test_a_null_that_meets_an_argument_is_the_callers_error() -> None:
    text = "query($x: Int = 1) { me { domains(first: $x) { id } } }"
    answer = await ask(runner(Tree({"me": {"domains": []}})), text, {"x": None})
    assert only_error(answer)["code"] == "VARIABLES_INVALID"


def broken(_info: GraphQLResolveInfo, **_: Any) -> str:
    raise RuntimeError(f"could not read {CANARY} from /srv/secret")


def missing(_info: GraphQLResolveInfo, **_: Any) -> str:
    raise NotFound("There is no such thing.", field=("x",))


@pytest.mark.parametrize(
    ("root", "code"),
    [
        ({"since": broken}, "INTERNAL"),
        ({"since": missing}, "NOT_FOUND"),
        ({"colour": CANARY}, "INTERNAL"),
        ({"since": {CANARY: 1}}, "INTERNAL"),
        ({"me": {"id": None, "email": CANARY}}, "INTERNAL"),
    ],
)
async def test_no_raw_text_leaves(root: dict[str, Any], code: str) -> None:
    with captured_log() as logged:
        answer = await ask(runner(Tree(root)), "{ since colour me { id } }")
    codes = {error["extensions"]["code"] for error in answer.body["errors"]}
    assert codes == {code}
    assert CANARY not in answer.encode().decode()
    assert "/srv" not in answer.encode().decode()
    assert ("resolver_failed" in logged.getvalue()) is (code == "INTERNAL")
    assert CANARY not in logged.getvalue()


async def test_a_fault_of_the_executor_is_masked() -> None:
    class Broken(Tree):
        async def execute(self, *_: Any) -> Any:
            raise LookupError(f"{CANARY}")

    answer = await ask(runner(Broken()), "{ me { id } }")
    assert (only_error(answer)["code"], answer.body["data"]) == ("INTERNAL", None)
    assert CANARY not in answer.encode().decode()


async def test_a_database_that_is_away_is_told_from_a_fault() -> None:
    class Away(Tree):
        async def execute(self, *_: Any) -> Any:
            raise ConnectionResetError(f"{CANARY}")

    answer = await ask(runner(Away()), "{ me { id } }")
    assert (only_error(answer)["code"], answer.body["data"]) == ("UNAVAILABLE", None)
    assert CANARY not in answer.encode().decode()


@pytest.mark.parametrize("operation", ["query { since }", "mutation { signIn }"])
async def test_too_long_is_stopped(operation: str) -> None:
    stopped = asyncio.Event()

    async def slow(_info: GraphQLResolveInfo, **_: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    answer = await ask(runner(Tree({"since": slow, "signIn": slow}), seconds=0.01), operation)
    error = only_error(answer)
    assert (error["code"], answer.body["data"]) == ("OPERATION_TIMEOUT", None)
    assert ("may have been saved" in error["message"]) is operation.startswith("mutation")
    assert stopped.is_set()


@pytest.mark.clause("3.3-a")
@pytest.mark.parametrize(
    ("text", "name", "variables"),
    [
        (f'{{ node(id: "{ARMOUR}") {{ id }} }}', None, {}),
        ("query($x: ID!) { node(id: $x) { id } }", None, {"x": f"see {ARMOUR}"}),
        ("query($x: ID!) { node(id: $x) { id } }", None, {"x": [{"y": ["z", {ARMOUR: 1}]}]}),
        ("{ me { id } }", ARMOUR, {}),
        ("{ me { id } }", None, {"unused": ARMOUR}),
    ],
)
async def test_a_private_key_anywhere_is_refused_with_the_same_words(
    text: str, name: str | None, variables: dict[str, Any]
) -> None:
    tree, log = Tree(), Log()
    with captured_log() as logged:
        answer = await runner(tree, log).run(Request(text, name, variables), Surroundings())
    error = only_error(answer)
    assert (error["code"], error["rule"]) == ("PRIVATE_KEY_REFUSED", "no-private-keys")
    assert (tree.runs, log.events) == (0, [])
    assert "BEGIN" not in answer.encode().decode() + logged.getvalue()


async def test_suggestions_are_for_who_may_read_the_schema() -> None:
    known = await ask(runner(Tree()), "{ me { emial } }")
    unknown = await ask(runner(Tree()), "{ me { emial } }", around=Surroundings(Grants(), known=False))
    assert only_error(known)["message"] == "Cannot query field 'emial' on type 'Account'. Did you mean 'email'?"
    assert only_error(unknown)["message"] == "Cannot query field 'emial' on type 'Account'."


async def test_operations_are_counted_by_class_and_outcome() -> None:
    metrics = Metrics(operations=frozenset({"me", "since", "several", "unplanned"}))
    running = runner(Tree({"me": account, "since": broken}), metrics=metrics)
    await ask(running, "query HolderOfTheMonth { me { id } }")
    await ask(running, "{ since }")
    await ask(running, "{ nothing }")
    await ask(running, "{ colour }")
    counted = generate_latest(metrics.registry).decode()
    assert 'sslm_operations_total{operation="me",outcome="answered"} 1.0' in counted
    assert 'sslm_operations_total{operation="since",outcome="partial"} 1.0' in counted
    assert 'sslm_operations_total{operation="unplanned",outcome="refused"} 1.0' in counted
    assert 'sslm_operations_total{operation="other",outcome="answered"} 1.0' in counted
    assert "HolderOfTheMonth" not in counted


async def test_a_slow_operation_is_logged_without_what_it_held() -> None:
    text = f'query Secret {{ me {{ email }} node(id: "{CANARY}") {{ id }} }}'
    with captured_log() as logged:
        await ask(runner(Tree({"me": account}), slow_seconds=0.0), text)
    said = logged.getvalue()
    assert "operation_slow" in said
    assert "operation=several" in said
    assert "request-7" in said
    assert CANARY not in said
    assert "Secret" not in said


async def test_a_failed_operation_is_logged_with_its_code() -> None:
    with captured_log() as logged:
        await ask(runner(Tree({"me": account}), Log(broken=True)), "{ me { email } }")
    assert "operation_failed" in logged.getvalue()
    assert "code=AUDIT_UNAVAILABLE" in logged.getvalue()
