"""An operation is paid before it runs and refunded after; who cannot pay is refused before anything is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.execution.answers import Answer
from api.execution.bill import ADMISSION, Meter
from api.execution.charges import Balance, Caller, CallerKind, ProcessCharges, Quota
from api.execution.run import Request, Runner
from governance.access import Grants
from governance.clock import ManualClock
from tests.support.logs import captured_log
from tests.unit.execution.sample import Log, Surroundings, Tree, meter, runner

START = datetime(2026, 11, 23, tzinfo=UTC)
QUOTA = Quota(500, 10)
PAGE = "query($n: Int!) { me { domains(first: $n) { name } } }"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def domains(number: int) -> dict[str, Any]:
    return {"me": {"domains": [{"id": str(n), "name": "x"} for n in range(number)]}}


def running(clock: ManualClock, root: Any = None, **more: Any) -> Runner:
    return runner(Tree(domains(3) if root is None else root), **({"meter": meter(QUOTA, clock)} | more))


async def ask(asked: Runner, text: str, *, around: Surroundings | None = None, **variables: Any) -> Answer:
    return await asked.run(Request(text, None, variables), around or Surroundings())


def bill(answer: Answer) -> tuple[int, int, int]:
    assert answer.cost is not None
    return answer.cost.requested, answer.cost.actual, answer.cost.balance.remaining


def code(answer: Answer) -> str:
    return answer.code


async def test_what_was_not_used_is_given_back(clock: ManualClock) -> None:
    answer = await ask(running(clock), PAGE, n=100)
    assert bill(answer) == (101, 4, 496)
    assert b'"cost":{"requested":101,"actual":4,"limit":500,"remaining":496,"restoreRate":10}' in answer.encode()


async def test_the_cheapest_costs_a_point(clock: ManualClock) -> None:
    assert bill(await ask(running(clock), "{ since }")) == (1, 1, 499)


async def test_lists_longer_than_was_reckoned_are_paid_as_far_as_points_are_left(clock: ManualClock) -> None:
    asked = running(clock, domains(150))
    assert bill(await ask(asked, PAGE, n=2)) == (3, 151, 349)
    assert bill(await ask(asked, PAGE, n=2)) == (3, 151, 198)
    assert bill(await ask(asked, PAGE, n=2)) == (3, 151, 47)
    assert bill(await ask(asked, PAGE, n=2)) == (3, 151, 0)
    assert code(await ask(asked, PAGE, n=2)) == "COST_EXCEEDED"


async def test_refused_is_one_error_nothing_run_and_a_moment_that_is_true(clock: ManualClock) -> None:
    tree, log = Tree(domains(100)), Log()
    asked = runner(tree, log, meter=meter(QUOTA, clock))
    for _ in range(4):
        assert (await ask(asked, PAGE, n=100)).ran
    answer = await ask(asked, PAGE, n=100)
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], answer.ran, tree.runs, log.events) == ("COST_EXCEEDED", False, 4, [])
    assert error["message"].startswith("This needs 101 points of cost and 86 are left, so nothing ran.")
    assert bill(answer) == (101, ADMISSION, 86)
    assert answer.cost is not None
    assert answer.cost.balance.wait == 1_500_000
    assert datetime.fromisoformat(error["extensions"]["retryAt"]) == START + timedelta(microseconds=1_500_000)
    clock.advance(timedelta(microseconds=1_500_000))
    assert (await ask(asked, PAGE, n=100)).ran


@pytest.mark.parametrize("text", ["{ nothing", "{ nothing }", "query A { since } query B { since }"])
async def test_a_document_that_is_refused_is_not_free(clock: ManualClock, text: str) -> None:
    asked = running(clock)
    for number in range(1, 51):
        assert bill(await ask(asked, text)) == (ADMISSION, ADMISSION, 500 - number * ADMISSION)
    refused = await ask(asked, text)
    assert (code(refused), bill(refused)) == ("COST_EXCEEDED", (ADMISSION, 0, 0))
    clock.advance(timedelta(seconds=1))
    assert code(await ask(asked, text)) in {"DOCUMENT_INVALID", "OPERATION_NOT_FOUND"}


async def test_a_document_is_not_looked_at_before_the_fee_is_there(clock: ManualClock) -> None:
    asked = running(clock)
    for _ in range(50):
        await ask(asked, "{ nothing }")
    asked._plans = None  # type: ignore[assignment] # whoever looks at the document now fails with INTERNAL
    assert code(await ask(asked, PAGE, n=1)) == "COST_EXCEEDED"


async def test_strangers_pay_and_the_refused_pay_no_more_than_the_fee(clock: ManualClock) -> None:
    asked = running(clock)
    stranger = Surroundings(Grants(), known=False)
    assert bill(await ask(asked, PAGE, around=stranger, n=100)) == (101, ADMISSION, 490)
    assert bill(await ask(asked, PAGE, n="many")) == (ADMISSION, ADMISSION, 490)


async def test_what_no_bucket_holds_is_told_apart_from_what_does_not_fit_now(clock: ManualClock) -> None:
    tree = Tree(domains(1))
    small = Meter(meter(QUOTA, clock).charges, meter(QUOTA, clock).callers, clock, most=100)
    answer = await ask(runner(tree, meter=small), PAGE, n=100)
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], tree.runs, "retryAt" in error["extensions"]) == ("COST_TOO_HIGH", 0, False)
    assert bill(answer) == (101, ADMISSION, 490)
    tiny = runner(tree, meter=meter(Quota(50, 10), clock))
    assert code(await ask(tiny, PAGE, n=100)) == "COST_TOO_HIGH"


@pytest.mark.parametrize(
    ("text", "paid"),
    [("{ node(id: 1) { id } }", 1), ("mutation { signIn }", 10), ("{ me { domains(first: 90) { name } } }", 91)],
)
async def test_what_failed_after_it_was_begun_keeps_its_price(clock: ManualClock, text: str, paid: int) -> None:
    class Broken(Tree):
        async def execute(self, *_: Any) -> Any:
            raise LookupError

    asked = runner(Broken(), meter=meter(QUOTA, clock))
    assert bill(await ask(asked, text)) == (paid, max(paid, ADMISSION), 500 - max(paid, ADMISSION))


async def test_a_bill_that_cannot_be_settled_costs_nobody_an_answer(clock: ManualClock) -> None:
    class Forgetful(ProcessCharges):
        async def give_back(self, caller: Caller, cost: int) -> Balance:
            raise ConnectionResetError

    charges = Forgetful(dict.fromkeys(CallerKind, QUOTA), clock)
    with captured_log() as log:
        answer = await ask(runner(Tree(domains(1)), meter=Meter(charges, meter().callers, clock)), PAGE, n=100)
    assert answer.body["data"] == {"me": {"domains": [{"name": "x"}]}}
    assert bill(answer) == (101, 2, 399)
    assert "bill_not_settled" in log.getvalue()


async def test_buckets_that_are_away_refuse_as_the_database_does(clock: ManualClock) -> None:
    class Away(ProcessCharges):
        async def take(self, caller: Caller, cost: int) -> Balance:
            raise ConnectionResetError

    away = Meter(Away(dict.fromkeys(CallerKind, QUOTA), clock), meter().callers, clock)
    tree = Tree(domains(1))
    answer = await ask(runner(tree, meter=away), PAGE, n=1)
    assert (code(answer), tree.runs, answer.cost) == ("UNAVAILABLE", 0, None)
