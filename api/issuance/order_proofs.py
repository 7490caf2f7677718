"""The part of the order machine that proves names: authorizations and challenges (RFC 8555 sections 7.5 and 8).

The rule: a challenge is responded to when it was just seen pending and no response is known to have arrived;
what was proved or ended once never becomes open again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from api.issuance.order_endings import Transition, deadline, enter, fail, poll_later, protocol_fault, retry_later, send
from api.issuance.order_messages import (
    AuthorizationAnswered,
    ChallengeAnswered,
    FetchAuthorization,
    Finalize,
    HolderNotice,
    NotifyHolder,
    Request,
    RequestFailed,
    RespondToChallenge,
)
from api.issuance.order_values import Authorization, Challenge, Order, Phase
from api.issuance.problems import Problem, Subproblem, own_problem

REPEAT_AFTER_POLLS: Final = 3
"""Rounds a challenge must stay pending after an unanswered response before it is responded to again."""
RESPONSES_LIMIT: Final = 8
REFUSED_RESPONSES_LIMIT: Final = 3
"""The same when the authority refused one of them, rather than never answering."""
FAILURE_POLLS: Final = 6
"""Rounds an order with a failed name still waits for the others, so that every failure can be named."""

_PROVING: Final = frozenset({Phase.RESPONDING, Phase.VALIDATING})
_PROGRESS: Final = {"pending": 0, "processing": 1, "valid": 2, "invalid": 2}


def collect(order: Order, now: datetime) -> Transition:
    """Fetch what was not seen yet, or go on when everything was."""
    unseen = tuple(FetchAuthorization(one.url) for one in order.authorizations if one.status == "unknown")
    return send(order, now, *unseen) if unseen else _collected(order, now)


def begin_responding(order: Order, now: datetime) -> Transition:
    """Tell the authority to look at everything placed; counted as told before it is sent."""
    requests: list[Request] = []
    for one in order.authorizations:
        challenge = one.challenge(order.challenge_type)
        if one.is_open and challenge is not None and challenge.status == "pending" and challenge.responses == 0:
            order = order.with_authorization(_told(one, challenge))
            requests.append(RespondToChallenge(challenge.url, one.url))
    if requests:
        return enter(order, Phase.RESPONDING, now, *requests)
    return look_again(order, now)


def look_again(order: Order, now: datetime) -> Transition:
    """Fetch every open authorization; one more round."""
    polled = order if order.phase is Phase.VALIDATING else enter(order, Phase.VALIDATING, now).order
    open_ones = tuple(FetchAuthorization(one.url) for one in order.authorizations if one.is_open)
    return send(replace(polled, polls=polled.polls + 1), now, *open_ones) if open_ones else _decided(polled, now)


def on_authorization(order: Order, event: AuthorizationAnswered) -> Transition:
    """Take in what the authority showed; stale and repeated answers change nothing that was decided."""
    known = next((one for one in order.authorizations if one.url == event.authorization.url), None)
    if known is None or order.phase not in {Phase.COLLECTING, Phase.AWAITING_PLACEMENT, *_PROVING}:
        return Transition(order)
    if not _belongs(order, known, event.authorization):
        return protocol_fault(order, "An authorization is for another name than the order.", event.now)
    seen = _merged(known, event.authorization)
    order = order.with_authorization(seen)
    match order.phase:
        case Phase.COLLECTING:
            return _collected(order, event.now)
        case Phase.AWAITING_PLACEMENT:
            return _ended(order, event.now) if seen.is_failed else Transition(order)
        case _:
            return _proving(order, seen, event)


def on_challenge(order: Order, event: ChallengeAnswered) -> Transition:
    """Look at the authorization at once after a response arrived, unless the authority says when."""
    found = _find(order, event.request)
    if found is None or order.phase not in _PROVING:
        return Transition(order)
    one, challenge = found
    seen = _advanced(replace(challenge, confirmed=True), event.status, event.problem)
    order = order.with_authorization(_with_challenge(one, seen))
    if order.phase is Phase.RESPONDING:
        order = enter(order, Phase.VALIDATING, event.now).order
    if not one.is_open:
        return Transition(order)
    if event.retry_at is not None and event.retry_at > event.now:
        return poll_later(order, event.now, event.retry_at)
    return send(order, event.now, FetchAuthorization(one.url))


def on_response_refused(order: Order, event: RequestFailed, request: RespondToChallenge) -> Transition:
    """Never trust a refusal alone: what the authorization says next decides.

    409 `conflict` says that the authority is validating already, so the response before did arrive.
    """
    found = _find(order, request)
    if found is None or order.phase not in _PROVING:
        return Transition(order)
    if order.phase is Phase.RESPONDING:
        order = enter(order, Phase.VALIDATING, event.now).order
    if event.retryable:
        return retry_later(order, event.now, event.problem)
    one, challenge = found
    arrived = event.problem.name == "conflict" or challenge.confirmed
    seen = replace(challenge, confirmed=arrived, problem=None if arrived else event.problem)
    return poll_later(order.with_authorization(_with_challenge(one, seen)), event.now, event.problem.retry_at)


def on_authorization_refused(order: Order, event: RequestFailed, request: FetchAuthorization) -> Transition:
    """Wait and repeat, or end, when an authorization cannot be read."""
    known = next((one for one in order.authorizations if one.url == request.url and one.is_open), None)
    if known is None or order.phase not in {Phase.COLLECTING, *_PROVING}:
        return Transition(order)
    return retry_later(order, event.now, event.problem) if event.retryable else fail(order, event.problem, event.now)


def expired(order: Order, now: datetime) -> Transition:
    """End an order whose time is over, naming every name that was not proved."""
    missing = [one for one in order.authorizations if one.status != "valid" and one.identifier]
    kind = order.problem.type if order.problem else "about:blank"
    subproblems = tuple(Subproblem(kind, "not proved in time", one.name) for one in missing)
    return fail(order, own_problem("order-expired", "The order ran out.", subproblems=subproblems), now)


def _collected(order: Order, now: datetime) -> Transition:
    if any(one.status == "unknown" for one in order.authorizations):
        return Transition(order)
    if any(one.is_failed for one in order.authorizations):
        return _ended(order, now)
    open_ones = [one for one in order.authorizations if one.is_open]
    if not open_ones:
        return _decided(order, now)
    lacking = [one for one in open_ones if one.challenge(order.challenge_type) is None]
    if lacking:
        missing = f"no {order.challenge_type} offered"
        subproblems = tuple(Subproblem("about:blank", missing, one.name) for one in lacking)
        problem = own_problem("challenge-not-offered", "A challenge is missing.", subproblems=subproblems)
        return fail(order, problem, now)
    placed = enter(order, Phase.AWAITING_PLACEMENT, now, NotifyHolder(HolderNotice.PLACE_CHALLENGES))
    return Transition(replace(placed.order, next_action_at=deadline(placed.order)), placed.requests)


def _proving(order: Order, seen: Authorization, event: AuthorizationAnswered) -> Transition:
    if not any(one.is_open for one in order.authorizations):
        return _decided(order, event.now)
    if order.polls >= FAILURE_POLLS and any(one.is_failed for one in order.authorizations):
        return _ended(order, event.now)
    challenge = seen.challenge(order.challenge_type)
    if not seen.is_open or challenge is None or order.phase is Phase.RESPONDING:
        return Transition(order)
    lost = challenge.status == "pending" and not challenge.confirmed
    if not lost or order.polls < REPEAT_AFTER_POLLS * challenge.responses:
        return poll_later(order, event.now, event.retry_at)
    if challenge.responses >= (RESPONSES_LIMIT if challenge.problem is None else REFUSED_RESPONSES_LIMIT):
        return fail(order, challenge.problem or _unheard(seen), event.now)
    order = order.with_authorization(_told(seen, challenge))
    return send(order, event.now, RespondToChallenge(challenge.url, seen.url))


def _unheard(one: Authorization) -> Problem:
    missing = (Subproblem("about:blank", "no response accepted", one.name),)
    return own_problem("unreachable", "The authority took no response to a challenge.", subproblems=missing)


def _decided(order: Order, now: datetime) -> Transition:
    if any(one.is_failed for one in order.authorizations):
        return _ended(order, now)
    if order.finalize_url is None:
        return protocol_fault(order, "The order has no URL to finalize.", now)
    return enter(order, Phase.FINALIZING, now, Finalize(order.finalize_url, order.csr_der))


def _ended(order: Order, now: datetime) -> Transition:
    """Name every name that ended without proof, with the authority's own problem where it gave one."""
    failed = [one for one in order.authorizations if one.is_failed]
    problem = own_problem(
        "authorization-ended", "These names could not be proved.", subproblems=tuple(_why(one) for one in failed)
    )
    return fail(order, problem, now)


def _why(one: Authorization) -> Subproblem:
    told = next((challenge.problem for challenge in one.challenges if challenge.problem is not None), None)
    if told is None:
        return Subproblem("about:blank", f"the authorization is {one.status}", one.name)
    return Subproblem(told.type, told.detail, one.name)


def _belongs(order: Order, known: Authorization, seen: Authorization) -> bool:
    return seen.name in order.names and (known.status == "unknown" or known.name == seen.name)


def _merged(known: Authorization, seen: Authorization) -> Authorization:
    """Carry over what we did; let nothing decided become open again."""
    if known.is_failed or (known.status == "valid" and seen.is_open):
        return known
    before = {challenge.url: challenge for challenge in known.challenges}
    return replace(seen, challenges=tuple(_carried(before.get(one.url), one) for one in seen.challenges))


def _carried(before: Challenge | None, seen: Challenge) -> Challenge:
    if before is None:
        return seen
    moved = _advanced(before, seen.status, seen.problem)
    return replace(moved, validated_at=seen.validated_at or before.validated_at)


def _advanced(challenge: Challenge, status: str, problem: Problem | None) -> Challenge:
    forward = _PROGRESS.get(status, 0) > _PROGRESS.get(challenge.status, 0)
    moved = replace(challenge, status=status, confirmed=True) if forward else challenge
    return replace(moved, problem=problem or moved.problem)


def _told(one: Authorization, challenge: Challenge) -> Authorization:
    return _with_challenge(one, replace(challenge, responses=challenge.responses + 1))


def _with_challenge(one: Authorization, changed: Challenge) -> Authorization:
    return replace(one, challenges=tuple(changed if each.url == changed.url else each for each in one.challenges))


def _find(order: Order, request: RespondToChallenge) -> tuple[Authorization, Challenge] | None:
    for one in order.authorizations:
        for challenge in one.challenges:
            if one.url == request.authorization_url and challenge.url == request.url:
                return one, challenge
    return None
