"""How an order ends, waits or goes on: the few moves every part of the machine shares.

The rule: whoever changes the phase does it here, so that counters, time stamps and `next_action_at` stay right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from api.issuance.order_messages import HolderNotice, NotifyHolder, Request, Wait
from api.issuance.order_values import Order, Phase
from api.issuance.problems import Problem, own_problem
from api.issuance.waiting import next_attempt, next_poll

ATTEMPTS_LIMIT: Final = 8
"""Rounds of one phase that may fail retryably before the order ends with the last problem."""

LONGEST_LIFE: Final = timedelta(days=8)
"""For orders whose authority names no expiry."""

ISSUING_LIMIT: Final = timedelta(days=1)
"""After the last proof an order may be signed although it expires meanwhile; this is how long it is waited for."""

_SIGNING: Final = frozenset({Phase.FINALIZING, Phase.ISSUING, Phase.DOWNLOADING})


@dataclass(frozen=True, slots=True)
class Transition:
    """The order to store, and what to do after it is stored. Requests are additional to those still running."""

    order: Order
    requests: tuple[Request, ...] = ()


def enter(order: Order, phase: Phase, now: datetime, *requests: Request) -> Transition:
    """Go to a phase with fresh counters; due at once if the process is lost before the answers are stored."""
    moved = replace(order, phase=phase, polls=0, next_action_at=now, setback=False, problem=None)
    if not (order.phase in _SIGNING and phase in _SIGNING):
        # While signing, attempts add up: an authority that goes back and forth is given up, too.
        moved = replace(moved, attempts=0, phase_since=now)
    return Transition(moved, requests)


def send(order: Order, now: datetime, *requests: Request) -> Transition:
    """Stay in the phase and send."""
    return Transition(replace(order, next_action_at=now), requests)


def wait(order: Order, until: datetime) -> Transition:
    """Stay in the phase and do nothing before `until`."""
    return Transition(replace(order, next_action_at=until), (Wait(until),))


def poll_later(order: Order, now: datetime, retry_at: datetime | None) -> Transition:
    """Ask again later, since nothing is decided; when several answers say when, the latest counts."""
    if order.phase not in _SIGNING and not order.setback:
        order = replace(order, attempts=0, problem=None)
    until = next_poll(now, order.polls, retry_at)
    if order.next_action_at is not None and order.next_action_at > now:
        until = max(until, order.next_action_at)
    return wait(order, until)


def retry_later(order: Order, now: datetime, problem: Problem) -> Transition:
    """Count a failed round once, keep its problem for the holder, and end when the attempts are used up."""
    attempts = order.attempts if order.setback else order.attempts + 1
    if attempts >= ATTEMPTS_LIMIT:
        return fail(order, problem, now)
    until = next_attempt(now, attempts - 1, problem.retry_at)
    if order.setback and order.next_action_at is not None:
        until = max(until, order.next_action_at)
    failed = replace(order, attempts=attempts, setback=True, problem=problem.until(until))
    return wait(failed, until)


def fail(order: Order, problem: Problem, now: datetime) -> Transition:
    """End without a certificate."""
    ended = replace(order, phase=Phase.INVALID, phase_since=now, next_action_at=None, problem=problem)
    return Transition(ended, (NotifyHolder(HolderNotice.FAILED),))


def protocol_fault(order: Order, detail: str, now: datetime) -> Transition:
    """End because the authority's answer makes no sense; `detail` is our own text."""
    return fail(order, own_problem("protocol", detail), now)


def deadline(order: Order) -> datetime:
    """Return when to give the order up: its expiry, the first expiry of an open authorization, or the time to sign."""
    if order.phase in _SIGNING:
        return (order.phase_since or order.created_at) + ISSUING_LIMIT
    ends = [one.expires_at for one in order.authorizations if one.is_open and one.expires_at is not None]
    return min([order.expires_at or order.created_at + LONGEST_LIFE, order.created_at + 4 * LONGEST_LIFE, *ends])
