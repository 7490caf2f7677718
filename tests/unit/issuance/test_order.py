"""The order machine, story by story."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from api.issuance.csr import read_csr
from api.issuance.errors import ChallengeUnsuitable
from api.issuance.order import (
    AuthorizationAnswered,
    ChallengeType,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    HolderNotice,
    NewOrder,
    OrderState,
    Phase,
    Placed,
    RequestFailed,
    RespondToChallenge,
    Resume,
    Wait,
    start_order,
    step,
)
from api.issuance.order_endings import ATTEMPTS_LIMIT
from api.issuance.problems import ACME, Problem
from tests.unit.issuance.chain_factory import NOW
from tests.unit.issuance.csr_factory import make_csr
from tests.unit.issuance.model_ca import Fate, ModelCa
from tests.unit.issuance.order_drive import THREE_NAMES, Drive


def _refusal(drive: Drive, problem: Problem, *, retryable: bool = False) -> None:
    drive.feed(RequestFailed(drive.now, drive.queue.popleft(), problem, retryable=retryable))


def test_the_straight_way_takes_eight_requests() -> None:
    drive = Drive(ModelCa())
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert [type(request).__name__ for request in drive.sent] == [
        "NewOrder",
        "FetchAuthorization",
        "RespondToChallenge",
        "FetchAuthorization",
        "Finalize",
        "FetchOrder",
        "DownloadCertificate",
    ]
    assert drive.now == NOW
    assert drive.notices == [HolderNotice.PLACE_CHALLENGES, HolderNotice.ISSUED]


def test_public_states_follow_the_phases() -> None:
    drive = Drive(ModelCa(slowness=1), THREE_NAMES)
    seen = [drive.order.state]
    for phase in (Phase.COLLECTING, Phase.AWAITING_PLACEMENT, Phase.RESPONDING, Phase.VALIDATING, Phase.FINALIZING):
        drive.until(phase)
        seen.append(drive.order.state)
    drive.run()
    seen.append(drive.order.state)
    assert list(dict.fromkeys(seen)) == [
        OrderState.REQUESTED,
        OrderState.PENDING,
        OrderState.VALIDATING,
        OrderState.FINALIZING,
        OrderState.VALID,
    ]


def test_names_proved_before_need_no_challenge() -> None:
    drive = Drive(ModelCa(reused=frozenset(THREE_NAMES.names)), THREE_NAMES)
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert not any(isinstance(request, RespondToChallenge) for request in drive.sent)
    assert drive.notices == [HolderNotice.ISSUED]


def test_only_open_names_are_challenged() -> None:
    drive = Drive(ModelCa(reused=frozenset({"b.example.com"})), THREE_NAMES)
    drive.run()
    assert sum(isinstance(request, RespondToChallenge) for request in drive.sent) == 2


def test_a_wildcard_cannot_be_proved_by_http() -> None:
    with pytest.raises(ChallengeUnsuitable):
        start_order(read_csr(make_csr("*.example.com")), ChallengeType.HTTP_01, NOW)


def test_placed_counts_only_while_values_are_to_be_placed() -> None:
    drive = Drive(ModelCa())
    drive.feed(Resume(drive.now))
    assert step(drive.order, Placed(drive.now)).requests == ()
    drive.until(Phase.RESPONDING)
    assert step(drive.order, Placed(drive.now)).requests == ()


def test_a_lost_new_order_answer_is_repeated() -> None:
    drive = Drive(ModelCa())
    drive.feed(Resume(drive.now))
    drive.send(Fate.LOST_AFTER)
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert len(drive.ca.orders) == 2
    assert len(drive.ca.issued) == 1


def test_a_lost_finalize_answer_is_resolved_by_looking_first() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.FINALIZING)
    drive.send(Fate.LOST_AFTER)
    drive.wake()
    assert isinstance(drive.queue[0], FetchOrder)
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert len(drive.ca.finalized) == 1


def test_a_finalize_that_never_arrived_is_sent_again() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.FINALIZING)
    drive.crash()
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert len(drive.ca.finalized) == 1


def test_a_lost_response_is_looked_after_before_it_is_repeated() -> None:
    drive = Drive(ModelCa(slowness=5))
    drive.until(Phase.RESPONDING)
    drive.send(Fate.LOST_AFTER)
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert sum(isinstance(request, RespondToChallenge) for request in drive.sent) == 1


def test_a_response_that_never_arrived_is_repeated_after_three_looks() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.RESPONDING)
    drive.crash()
    drive.run()
    assert drive.order.phase is Phase.VALID
    kinds = [type(request) for request in drive.sent]
    assert kinds[kinds.index(RespondToChallenge) - 3 : kinds.index(RespondToChallenge)] == [FetchAuthorization] * 3


def test_a_conflict_means_that_the_response_had_arrived() -> None:
    drive = Drive(ModelCa(slowness=20, conflicts=True))
    drive.until(Phase.RESPONDING)
    drive.send(Fate.LOST_AFTER)
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert sum(isinstance(request, RespondToChallenge) for request in drive.sent) == 2


def test_a_response_that_is_always_refused_ends_the_order_with_the_refusal() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.RESPONDING)
    for _ in range(400):
        if drive.order.is_final:
            break
        if not drive.queue:
            drive.wake()
        elif isinstance(drive.queue[0], RespondToChallenge):
            _refusal(drive, Problem(ACME + "malformed", 400, "no"))
        else:
            drive.send()
    assert drive.order.phase is Phase.INVALID
    assert drive.order.problem is not None
    assert drive.order.problem.name == "malformed"


def test_every_failed_name_is_named_with_its_reason() -> None:
    drive = Drive(ModelCa(failing=frozenset({"a.example.com", "*.example.org"})), THREE_NAMES)
    drive.run()
    assert drive.order.state is OrderState.INVALID
    assert drive.order.problem is not None
    assert {each.identifier for each in drive.order.problem.subproblems} == {"a.example.com", "*.example.org"}
    assert {each.type for each in drive.order.problem.subproblems} == {ACME + "dns"}
    assert drive.notices[-1] is HolderNotice.FAILED
    assert drive.ca.finalized == []


@pytest.mark.parametrize("status", ["invalid", "expired", "deactivated", "revoked", "no such status"])
def test_an_authorization_that_ends_without_an_error_ends_the_order(status: str) -> None:
    drive = Drive(ModelCa(slowness=9))
    drive.until(Phase.VALIDATING)
    ended = replace(drive.order.authorizations[0], status=status, challenges=())
    drive.feed(AuthorizationAnswered(drive.now, ended))
    assert drive.order.phase is Phase.INVALID
    assert drive.order.problem is not None
    assert drive.order.problem.subproblems[0].identifier == "a.example.com"
    assert status in (drive.order.problem.subproblems[0].detail or "")


def test_an_authorization_for_another_name_ends_the_order() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.AWAITING_PLACEMENT)
    foreign = replace(drive.order.authorizations[0], identifier="bank.example.org")
    drive.feed(AuthorizationAnswered(drive.now, foreign))
    assert drive.order.problem is not None
    assert drive.order.problem.name == "protocol"


def test_an_order_nobody_placed_for_expires_naming_the_names() -> None:
    drive = Drive(ModelCa(), THREE_NAMES)
    drive.until(Phase.AWAITING_PLACEMENT)
    assert drive.order.next_action_at == drive.order.expires_at
    drive.feed(Resume(drive.now))
    assert drive.order.phase is Phase.AWAITING_PLACEMENT
    drive.later(days=8)
    drive.feed(Resume(drive.now))
    assert drive.order.problem is not None
    assert drive.order.problem.name == "order-expired"
    assert {each.identifier for each in drive.order.problem.subproblems} == set(THREE_NAMES.names)


def test_a_rate_limit_is_waited_out_as_told() -> None:
    drive = Drive(ModelCa())
    drive.feed(Resume(drive.now))
    drive.send(Fate.BUSY)
    assert drive.order.next_action_at == NOW + timedelta(seconds=7)
    assert drive.order.problem is not None
    assert drive.order.problem.retry_at == NOW + timedelta(seconds=7)
    early = step(drive.order, Resume(NOW + timedelta(seconds=3)))
    assert early.requests == (Wait(NOW + timedelta(seconds=7)),)
    drive.run()
    assert drive.order.phase is Phase.VALID
    assert drive.order.problem is None


@pytest.mark.parametrize("fate", [Fate.BUSY, Fate.UNAVAILABLE, Fate.LOST_BEFORE])
def test_an_authority_that_never_helps_is_given_up(fate: Fate) -> None:
    drive = Drive(ModelCa())
    drive.run(fate=lambda: fate)
    assert drive.order.phase is Phase.INVALID
    assert len(drive.sent) == ATTEMPTS_LIMIT
    assert drive.order.problem is not None


def test_a_plain_refusal_ends_the_order_with_the_whole_problem() -> None:
    drive = Drive(ModelCa())
    drive.feed(Resume(drive.now))
    problem = Problem(ACME + "rejectedIdentifier", 400, "blocked", "https://ca/p/1")
    _refusal(drive, problem)
    assert (drive.order.phase, drive.order.problem) == (Phase.INVALID, problem)


def test_a_refused_predecessor_is_given_up_once() -> None:
    drive = Drive(ModelCa(), replaces="aki.serial")
    drive.feed(Resume(drive.now))
    assert drive.queue[0] == NewOrder(("a.example.com",), None, "aki.serial")
    _refusal(drive, Problem(ACME + "alreadyReplaced", 409))
    assert drive.queue[0] == NewOrder(("a.example.com",))
    drive.run()
    assert drive.order.phase is Phase.VALID


def test_an_order_that_is_not_ready_is_looked_at_and_given_up_in_the_end() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.FINALIZING)
    while not drive.order.is_final:
        if drive.queue and isinstance(drive.queue[0], Finalize):
            _refusal(drive, Problem(ACME + "orderNotReady", 403))
        elif drive.queue:
            drive.send()
        else:
            drive.wake()
    assert drive.order.problem is not None
    assert drive.order.problem.name == "orderNotReady"


def test_another_certificate_than_ordered_is_refused() -> None:
    drive = Drive(ModelCa())
    drive.until(Phase.DOWNLOADING)
    books = next(iter(drive.ca.orders.values()))
    books.csr_der = THREE_NAMES.der
    for proof in books.proofs.values():
        proof.name = "evil.example.com"
    drive.run()
    assert drive.order.problem is not None
    assert drive.order.problem.name == "certificate-refused"
    assert drive.order.certificate is None


def test_a_late_answer_does_not_open_again_what_was_proved() -> None:
    drive = Drive(ModelCa(slowness=2), THREE_NAMES)
    drive.until(Phase.VALIDATING)
    first = drive.order.authorizations[0]
    drive.feed(AuthorizationAnswered(drive.now, replace(first, status="valid")))
    drive.feed(AuthorizationAnswered(drive.now, first))
    assert drive.order.authorizations[0].status == "valid"


def test_an_authority_that_takes_the_request_and_forgets_it_is_given_up() -> None:
    drive = Drive(ModelCa(slowness=1))
    drive.until(Phase.ISSUING)
    while not drive.order.is_final:
        next(iter(drive.ca.orders.values())).status = "pending"
        if drive.queue:
            drive.send()
        else:
            drive.wake()
    assert drive.order.problem is not None
    assert drive.order.problem.name == "protocol"
    assert len(drive.ca.finalized) <= ATTEMPTS_LIMIT
