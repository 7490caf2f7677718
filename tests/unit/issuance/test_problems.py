"""Problem documents and Retry-After in every shape an authority may send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.issuance.advice import advice
from api.issuance.errors import CaProblem, CaUnreachable, ChallengeFailed, IssuanceError
from api.issuance.problems import ACME, Problem, Subproblem, own_problem, read_problem
from api.issuance.retry_after import read_retry_after
from api.issuance.waiting import LONGEST, SHORTEST, next_attempt, next_poll

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("60", 60),
        (" 0 ", 0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60),
        ("Mon, 23 Nov 2026 13:01:00 +0100", 60),
        ("Monday, 23-Nov-26 12:01:00 GMT", 60),
        ("Mon Nov 23 12:01:00 2026", 60),
        ("Mon, 23 Nov 2020 12:00:00 GMT", 0),
        ("99999999999999999999", 366 * 86400),
    ],
)
def test_retry_after_is_read_as_utc(value: str, seconds: int) -> None:
    moment = read_retry_after(value, NOW)
    assert moment == NOW + timedelta(seconds=seconds)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5", "٣", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_an_unreadable_retry_after_is_none(value: str | None) -> None:
    assert read_retry_after(value, NOW) is None


@given(st.text())
def test_any_retry_after_is_read_or_none(value: str) -> None:
    moment = read_retry_after(value, NOW)
    assert moment is None or moment >= NOW


def test_a_problem_document_is_kept_in_full() -> None:
    document = {
        "type": ACME + "rejectedIdentifier",
        "status": 400,
        "detail": "two names",
        "instance": "https://ca/problem/7",
        "subproblems": [
            {"type": ACME + "dns", "detail": "no", "identifier": {"type": "dns", "value": "a.example.com"}},
            {"type": ACME + "caa"},
            "junk",
        ],
    }
    problem = read_problem(document, status=403, retry_at=NOW)
    assert problem == Problem(
        ACME + "rejectedIdentifier",
        403,
        "two names",
        "https://ca/problem/7",
        (Subproblem(ACME + "dns", "no", "a.example.com"), Subproblem(ACME + "caa")),
        NOW,
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)


@given(JSON | st.dictionaries(st.sampled_from(["type", "status", "detail", "title", "instance", "subproblems"]), JSON))
def test_any_document_gives_a_problem(document: object) -> None:
    problem = read_problem(document)
    assert problem.type
    assert advice(problem)


def test_hostile_text_is_cut_and_cleaned() -> None:
    problem = read_problem({"type": "x" * 5000, "detail": "a\x1b[2Jb\r\nc\u202ed"})
    assert len(problem.type) == 1000
    assert problem.detail == "a [2Jb  c d"


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("authorization-ended", ChallengeFailed, "could not be proved"),
        ("unreachable", CaUnreachable, "did not answer"),
        ("foreign-url", CaUnreachable, "nothing was sent"),
        ("order-expired", CaProblem, "ran out"),
    ],
)
def test_an_error_has_the_class_and_text_of_its_problem(name: str, kind: type[IssuanceError], words: str) -> None:
    error = IssuanceError.of(own_problem(name, "x").until(NOW))
    assert type(error) is kind
    assert words in error.message
    assert "2026-11-23 12:00:00 UTC" in error.message
    assert error.retry_at == NOW


def test_the_common_cause_of_failed_names_gives_the_advice() -> None:
    failed = tuple(Subproblem(ACME + "dns", "x", name) for name in ("a.example.com", "b.example.com"))
    assert "DNS records" in advice(own_problem("authorization-ended", "x", subproblems=failed))


@pytest.mark.parametrize(
    ("status", "words"), [(429, "limit is reached"), (503, "trouble of its own"), (418, "refused")]
)
def test_a_problem_without_a_type_is_explained_by_its_status(status: int, words: str) -> None:
    assert words in advice(read_problem("no document", status=status))


def test_waits_stay_in_their_bounds_and_grow() -> None:
    waits = [next_poll(NOW, polls, None) - NOW for polls in range(40)]
    assert waits[0] == timedelta(seconds=0.2)
    assert waits == sorted(waits)
    assert timedelta(seconds=15) < waits[-1] <= LONGEST
    for told, expected in ((timedelta(0), SHORTEST), (timedelta(days=2), LONGEST), (timedelta(seconds=3),) * 2):
        assert next_poll(NOW, 0, NOW + told) - NOW == expected
        assert next_attempt(NOW, 0, NOW + told) - NOW == expected
    assert next_poll(NOW, 30, NOW) - NOW > timedelta(seconds=15)
