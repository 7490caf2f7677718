"""Reading what PostGraphile says in our form, and judging figures against the goals."""

from __future__ import annotations

import base64
import json
from uuid import UUID

import pytest

from api.graphql.nodes import encode_id
from bench.graphql.answers import Different, read
from bench.graphql.goals import Goal, Outcome, outcomes, ratios, takes_part
from bench.graphql.questions import Question
from bench.graphql.turn import Turn

ROW = UUID("019a0fb3-23f0-7e87-9ea6-580f8450778a")
QUESTION = Question("Q2", "", "Domains", "query Domains { me { id } }", {})


def native(kind: str) -> str:
    return base64.b64encode(json.dumps([kind, str(ROW)]).encode()).decode()


def test_ids_cursors_and_moments_of_postgraphile_are_read_in_our_form() -> None:
    node = {"id": native("Domain"), "notAfter": "2027-02-23T09:09:06.5+00:00", "revokedAt": None}
    page = {"edges": [{"node": node}], "pageInfo": {"hasNextPage": False, "endCursor": "its own"}}
    assert read("E", QUESTION, 200, json.dumps({"data": {"domains": page}}).encode()) == {
        "domains": {
            "edges": [
                {
                    "node": {
                        "id": encode_id("Domain", ROW),
                        "notAfter": "2027-02-23T09:09:06.500000Z",
                        "revokedAt": None,
                    }
                }
            ],
            "pageInfo": {
                "hasNextPage": False,
                "endCursor": base64.urlsafe_b64encode(ROW.bytes).decode().rstrip("="),
            },
        }
    }


@pytest.mark.parametrize(
    ("status", "text"),
    [(429, '{"data":{"me":{}}}'), (200, '{"data":null}'), (200, '{"data":{"me":{}},"errors":[{"message":"no"}]}')],
)
def test_an_answer_with_errors_is_no_answer(status: int, text: str) -> None:
    with pytest.raises(Different):
        read("P", QUESTION, status, text.encode())


def turn(server: str, number: int, per_second: float) -> Turn:
    return Turn(server, "Q1", 16, number, per_second, 1, 1, 1, 1, 1, 100, 0)


def test_ratios_compare_turns_of_the_same_round() -> None:
    turns = [turn("A", 0, 100), turn("P", 0, 50), turn("P", 1, 90), turn("A", 1, 100), turn("P", 2, 1)]
    assert ratios(turns, "Q1", "P", "A", 16) == [0.5, 0.9]


def test_goals_without_figures_are_left_out() -> None:
    turns = [turn("A", 0, 100), turn("P", 0, 95)]
    assert [(one.goal.question, one.goal.other, one.verdict) for one in outcomes(turns)] == [("Q1", "A", "aim met")]


@pytest.mark.parametrize(("seen", "verdict"), [(0.59, "MISSED"), (0.60, "met"), (0.90, "aim met")])
def test_a_verdict_is_one_of_three(seen: float, verdict: str) -> None:
    assert Outcome(Goal("", "Q1", "P", "A", 0.60, 0.90), seen, seen, seen).verdict == verdict


def test_of_another_number_of_connections_only_what_has_a_goal_is_measured() -> None:
    assert takes_part("E", "Q3", 16)
    assert takes_part("P+", "Q1", 64)
    assert not takes_part("A", "Q1", 64)
    assert not takes_part("P+", "Q2", 64)
    assert takes_part("A", "Q2", 32), "a number without goals was asked for on the command line"
