"""What is stored of an order is the whole of it: any order comes back from its columns as it was."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from api.certificates.mapping import (
    authorization_columns,
    challenge_columns,
    order_columns,
    problem_document,
    read_authorization,
    read_challenge,
    read_order,
)
from api.issuance.order import Authorization, Challenge, ChallengeType, Order, Phase
from api.issuance.problems import Problem, Subproblem
from api.models import AuthorizationRow, CertificateRow, ChallengeRow, OrderRow
from api.models.certificates import PROBLEM_KEYS, SUBPROBLEM_KEYS

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
THUMBPRINT = "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"


class Draw:
    """Draws values from a seed, odd ones among them."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def pick(self, *values: Any) -> Any:
        return self._random.choice(values)

    def moment(self) -> datetime:
        return NOON + timedelta(microseconds=self._random.randrange(-(10**12), 10**12))

    def text(self) -> str:
        return self.pick("", "a", "*.b", "ünï", "{}", "x" * 300, "https://ca.example/authz/1?a=b&c=%20")

    def word(self) -> str:
        return self.pick("unknown", "pending", "processing", "valid", "x" * 64)

    def problem(self) -> Problem | None:
        if self.pick(True, False):
            return None
        parts = tuple(
            Subproblem(self.text(), self.pick(None, self.text()), self.pick(None, self.text()))
            for _ in range(self.pick(0, 1, 3))
        )
        return Problem(
            type=self.text(),
            status=self.pick(None, 400, 503),
            detail=self.pick(None, self.text()),
            instance=self.pick(None, self.text()),
            subproblems=parts,
            retry_at=self.pick(None, self.moment()),
        )

    def challenge(self) -> Challenge:
        return Challenge(
            type=self.pick(*ChallengeType),
            url=self.text(),
            challenge_token=self.pick("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", "x" * 256),
            status=self.word(),
            problem=self.problem(),
            validated_at=self.pick(None, self.moment()),
            responses=self.pick(0, 1, 3),
            confirmed=self.pick(True, False),
        )

    def authorization(self) -> Authorization:
        return Authorization(
            url=self.text(),
            identifier=self.pick("", "example.com", "*.example.com", "xn--bcher-kva.example"),
            wildcard=self.pick(True, False),
            status=self.word(),
            expires_at=self.pick(None, self.moment()),
            challenges=tuple(self.challenge() for _ in range(self.pick(0, 1, 2, 3))),
        )

    def order(self) -> Order:
        return Order(
            csr_der=self._random.randbytes(20),
            names=("a.example.com", "*.example.com"),
            public_key_sha256=self._random.randbytes(32).hex(),
            challenge_type=self.pick(*ChallengeType),
            created_at=self.moment(),
            phase=self.pick(*(phase for phase in Phase if phase is not Phase.VALID)),
            next_action_at=self.pick(None, self.moment()),
            phase_since=self.pick(None, self.moment()),
            expires_at=self.pick(None, self.moment()),
            url=self.pick(None, self.text()),
            finalize_url=self.pick(None, self.text()),
            certificate_url=self.pick(None, self.text()),
            authorizations=tuple(self.authorization() for _ in range(self.pick(0, 1, 4))),
            attempts=self.pick(0, 7),
            polls=self.pick(0, 20),
            setback=self.pick(True, False),
            problem=self.problem(),
            profile=self.pick(None, "tlsserver"),
            replaces=self.pick(None, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"),
        )


def _through_json(columns: dict[str, Any]) -> dict[str, Any]:
    """What PostgreSQL does to a JSONB column and to nothing else."""
    if columns["problem"] is not None:
        columns["problem"] = msgspec.json.decode(msgspec.json.encode(columns["problem"]))
    return columns


@pytest.mark.parametrize("seed", range(300))
def test_any_order_comes_back_as_it_was(seed: int) -> None:
    order = Draw(seed).order()
    authorizations = []
    for one in order.authorizations:
        stored = [_through_json(challenge_columns(each, one.name, THUMBPRINT)) for each in one.challenges]
        authorizations.append(read_authorization(authorization_columns(one), [read_challenge(row) for row in stored]))
    assert read_order(_through_json(order_columns(order)), authorizations, None) == order


def test_columns_of_the_mapping_are_columns_of_the_tables() -> None:
    some = Draw(1)
    assert set(order_columns(some.order())) <= set(OrderRow.__table__.c.keys())
    assert set(authorization_columns(some.authorization())) <= set(AuthorizationRow.__table__.c.keys())
    assert set(challenge_columns(some.challenge(), "a.example.com", THUMBPRINT)) <= set(ChallengeRow.__table__.c.keys())
    assert "chain_pem" in CertificateRow.__table__.c


def test_a_problem_has_no_key_that_is_not_registered() -> None:
    full = Problem("t", 400, "d", "i", (Subproblem("t", "d", "n"),), NOON)
    document = problem_document(full)
    assert document is not None
    assert set(document) == PROBLEM_KEYS
    assert set(document["subproblems"][0]) == SUBPROBLEM_KEYS


@pytest.mark.parametrize("type_", list(ChallengeType))
def test_only_the_values_of_the_challenges_own_type_are_there(type_: ChallengeType) -> None:
    columns = challenge_columns(Challenge(type_, "u", "token"), "*.example.com", THUMBPRINT)
    shown = {name for name in ("http_path", "http_content", "dns_name", "dns_value") if columns[name] is not None}
    if type_ is ChallengeType.HTTP_01:
        assert shown == {"http_path", "http_content"}
        assert columns["http_path"] == "/.well-known/acme-challenge/token"
        assert columns["http_content"] == f"token.{THUMBPRINT}"
    else:
        assert shown == {"dns_name", "dns_value"}
        assert columns["dns_name"] == "_acme-challenge.example.com"
