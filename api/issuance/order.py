"""The order as a pure state machine: `step(order, event)` returns the order to store and what to do then.

The rule: store `transition.order` before any of `transition.requests` is carried out; no clock, no I/O, no memory.

How to run it, by whoever stores orders:

1. Load the order, `step(order, Resume(now))` when it is due (or `Placed(now)` when the holder says so), store.
2. Carry out each request in turn: `perform(request, account)` gives the event; `step` it, store, append the new
   requests. `Wait` needs nothing (`next_action_at` is stored); `NotifyHolder` is done inside the storing transaction.
3. When no request is left, let go of the order. Killed anywhere in between: begin again at 1.

Events that come twice, late or out of turn are harmless; every path ends (limits in `order_endings`).
"""

from __future__ import annotations

from dataclasses import replace

from api.issuance.order_endings import Transition, deadline, fail, wait
from api.issuance.order_messages import (
    AuthorizationAnswered,
    CaAnswer,
    CaRequest,
    CertificateAnswered,
    ChallengeAnswered,
    DownloadCertificate,
    Event,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    HolderNotice,
    NewOrder,
    NotifyHolder,
    OrderAnswered,
    Placed,
    Request,
    RequestFailed,
    RespondToChallenge,
    Resume,
    Wait,
)
from api.issuance.order_proofs import (
    begin_responding,
    collect,
    expired,
    look_again,
    on_authorization,
    on_authorization_refused,
    on_challenge,
    on_response_refused,
)
from api.issuance.order_signing import (
    download,
    look_at_order,
    on_certificate,
    on_download_refused,
    on_finalization_refused,
    on_order,
    on_order_refused,
    request_order,
)
from api.issuance.order_values import Authorization, Challenge, ChallengeType, Order, OrderState, Phase, start_order
from api.issuance.problems import own_problem

__all__ = [
    "Authorization",
    "AuthorizationAnswered",
    "CaAnswer",
    "CaRequest",
    "CertificateAnswered",
    "Challenge",
    "ChallengeAnswered",
    "ChallengeType",
    "DownloadCertificate",
    "Event",
    "FetchAuthorization",
    "FetchOrder",
    "Finalize",
    "HolderNotice",
    "NewOrder",
    "NotifyHolder",
    "Order",
    "OrderAnswered",
    "OrderState",
    "Phase",
    "Placed",
    "Request",
    "RequestFailed",
    "RespondToChallenge",
    "Resume",
    "Transition",
    "Wait",
    "start_order",
    "step",
]


def step(order: Order, event: Event) -> Transition:  # noqa: PLR0911 - one line per kind of event
    """Advance the order by one event; total: any event in any phase gives a transition, the end absorbs all."""
    if order.is_final:
        return Transition(order)
    match event:
        case Resume():
            return _resume(order, event)
        case Placed():
            return begin_responding(order, event.now) if order.phase is Phase.AWAITING_PLACEMENT else Transition(order)
        case OrderAnswered():
            return on_order(order, event)
        case AuthorizationAnswered():
            return on_authorization(order, event)
        case ChallengeAnswered():
            return on_challenge(order, event)
        case CertificateAnswered():
            return on_certificate(order, event)
        case RequestFailed():
            return _failed(order, event)


def _resume(order: Order, event: Resume) -> Transition:  # noqa: PLR0911 - one line per phase
    """Say again what the phase needs; before its time only when, after its deadline the end."""
    now = event.now
    if order.next_action_at is not None and order.next_action_at > now:
        return Transition(order, (Wait(order.next_action_at),))
    if now >= deadline(order):
        return _give_up(order, event)
    order = replace(order, setback=False)
    match order.phase:
        case Phase.REQUESTED:
            return request_order(order, now)
        case Phase.COLLECTING:
            return collect(order, now)
        case Phase.AWAITING_PLACEMENT:
            return wait(order, deadline(order))
        case Phase.RESPONDING | Phase.VALIDATING:
            return look_again(order, now)
        case Phase.FINALIZING | Phase.ISSUING:
            return look_at_order(order, now)
        case _:
            return download(order, now)


def _give_up(order: Order, event: Resume) -> Transition:
    if order.phase in {Phase.FINALIZING, Phase.ISSUING, Phase.DOWNLOADING}:
        late = order.problem or own_problem("unreachable", "The authority did not sign in time.")
        return fail(order, late.until(None), event.now)
    return expired(order, event.now)


def _failed(order: Order, event: RequestFailed) -> Transition:
    match event.request:
        case NewOrder():
            return on_order_refused(order, event)
        case FetchAuthorization() as request:
            return on_authorization_refused(order, event, request)
        case RespondToChallenge() as request:
            return on_response_refused(order, event, request)
        case FetchOrder() | Finalize() as request:
            return on_finalization_refused(order, event, request)
        case DownloadCertificate() as request:
            return on_download_refused(order, event, request)
