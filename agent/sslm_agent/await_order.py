"""Follow an order to its end: place what it asks for, confirm once, poll.

One rule: challenges stay visible from the moment they are placed until the order ends or this run does; an order met
in validation after a kill gets its challenges placed again, but is not confirmed again.
"""

from __future__ import annotations

from datetime import datetime

from sslm_agent.answers import IssuedCertificate, Order
from sslm_agent.challenges import DnsChallenge, HttpChallenge, Placement, open_challenges
from sslm_agent.clock import Clock, stamp
from sslm_agent.errors import (
    OrderFailed,
    ServerAnswerInvalid,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    Unfinished,
)
from sslm_agent.orders import PendingOrder
from sslm_agent.progress import Progress
from sslm_agent.safe_text import safe_line
from sslm_agent.server import Server

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0
_GROWTH = 1.4
_STATES = {
    "REQUESTED": "The platform is placing the order with the certificate authority.",
    "PENDING": "Waiting for the challenges of the order.",
    "VALIDATING": "The certificate authority is checking the names.",
    "FINALIZING": "The certificate authority is issuing the certificate.",
    "VALID": "The certificate is issued.",
}


class AwaitOrder:
    """One run's view of one order."""

    def __init__(self, server: Server, placement: Placement, progress: Progress, clock: Clock, seconds: float) -> None:
        self._server = server
        self._placement = placement
        self._progress = progress
        self._clock = clock
        self._until = clock.elapsed() + seconds
        self._placed: frozenset[HttpChallenge | DnsChallenge] = frozenset()
        self._confirmed = False

    def certificate(self, pending: PendingOrder) -> IssuedCertificate:
        """Return the certificate. `OrderFailed`: there is none; `Unfinished`: ask again by running again."""
        try:
            return self._follow(pending, pending.order_id or "")
        finally:
            self._placement.remove()

    def _follow(self, pending: PendingOrder, order_id: str) -> IssuedCertificate:
        pause = _FIRST_PAUSE
        seen = ""
        while True:
            order = self._ask(order_id)
            if order is not None:
                if order.state != seen:
                    seen, pause = order.state, _FIRST_PAUSE
                finished = self._advance(order, pending)
                if finished is not None:
                    return finished
            self._check_patience(order)
            self._clock.pause(pause)
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    def _ask(self, order_id: str) -> Order | None:
        """Return the order, or None when the platform cannot be asked at the moment."""
        try:
            order = self._server.order(order_id)
        except (ServerUnreachable, ServerFailed) as error:
            self._progress.waiting(f"No answer at the moment ({safe_line(error.message, longest=200)}); asking again.")
            return None
        if order is None:
            raise ServerRefused(
                "The platform knows no such order, or it is not yours. Nothing was installed. "
                "Run the command again with --start-over to order anew.",
                server_code="NOT_FOUND",
                kind="NotFound",
            )
        return order

    def _advance(self, order: Order, pending: PendingOrder) -> IssuedCertificate | None:
        if order.state == "INVALID":
            raise _failed(order)
        if order.state not in _STATES:
            raise ServerAnswerInvalid("The order is in a state this agent does not know. Nothing was done. Update it.")
        waits_for_us = order.state == "PENDING"  # its next action is then the end of the order, which tells nothing
        when = "" if waits_for_us else _when(order.next_action_at, self._clock.now())
        self._progress.waiting(_STATES[order.state] + when)
        if order.state in {"PENDING", "VALIDATING"}:
            self._prove(order, pending)
        return order.certificate if order.state == "VALID" else None

    def _prove(self, order: Order, pending: PendingOrder) -> None:
        validating = order.state == "VALIDATING"
        challenges = open_challenges(order.authorizations, pending.challenge_type, pending.names)
        if not frozenset(challenges) <= self._placed:
            self._placement.place(challenges, validating=validating)
            self._placed |= frozenset(challenges)
            self._confirmed = False
            self._progress.step(f"Placed {len(challenges)} challenge(s).")
        if challenges and not validating and not self._confirmed:
            self._confirmed = self._confirm(order.id)

    def _confirm(self, order_id: str) -> bool:
        """Start validation; False when the platform is told again at the next poll, if the order still waits then."""
        try:
            self._server.confirm_challenges(order_id)
        except (ServerUnreachable, ServerFailed):
            return False
        except ServerRefused as refusal:
            if refusal.kind != "Conflict":  # a conflict: the order does not wait at this very moment
                raise
            return False
        return True

    def _check_patience(self, order: Order | None) -> None:
        if self._clock.elapsed() < self._until:
            return
        raise Unfinished(
            "The order is not finished yet. It goes on at the platform and is kept here; nothing was installed. "
            "Run the same command again: it goes on where this one stopped.",
            retry_at=order.next_action_at if order else None,
        )


def _failed(order: Order) -> OrderFailed:
    return OrderFailed(
        "The order ended without a certificate. Nothing was installed; what was served before still is. "
        "Correct what is said below, then run the command again: it makes a new order.",
        detail=[safe_line(line) for line in order.problem.lines()] if order.problem else ["no reason was given"],
        retry_at=order.problem.retry_at if order.problem else None,
    )


def _when(next_action_at: datetime | None, now: datetime) -> str:
    """Name the next step's time when it is worth knowing."""
    if next_action_at is None or (next_action_at - now).total_seconds() < _LONGEST_PAUSE:
        return ""
    return f" Next step at {stamp(next_action_at)}."
