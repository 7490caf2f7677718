"""The part of the order machine that gets the certificate: order, finalization, download (RFC 8555 section 7.4).

The rule: the same request bytes are finalized always, and again only after the authority said that the order is
still ready; so an answer may be lost at any point and one certificate comes of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from api.issuance.chain import check_chain
from api.issuance.errors import CertificateRefused
from api.issuance.order_endings import Transition, enter, fail, poll_later, protocol_fault, retry_later, send
from api.issuance.order_messages import (
    CertificateAnswered,
    DownloadCertificate,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    HolderNotice,
    NewOrder,
    NotifyHolder,
    OrderAnswered,
    RequestFailed,
)
from api.issuance.order_values import Authorization, Order, Phase
from api.issuance.problems import Problem, own_problem

AUTHORIZATIONS_LIMIT: Final = 200
_UNDECIDED: Final = frozenset({Phase.FINALIZING, Phase.ISSUING})


def request_order(order: Order, now: datetime) -> Transition:
    """Ask for the order; after a lost answer again, since an unused order costs nothing but quota."""
    return send(order, now, NewOrder(order.names, order.profile, order.replaces))


def look_at_order(order: Order, now: datetime) -> Transition:
    """Fetch the order before anything else is done about it: what was sent may have had its effect."""
    if order.url is None:
        return protocol_fault(order, "The order has no URL.", now)
    return send(replace(order, polls=order.polls + 1), now, FetchOrder(order.url))


def download(order: Order, now: datetime) -> Transition:
    """Fetch the certificate, as often as it takes."""
    if order.certificate_url is None:
        return protocol_fault(order, "The certificate has no URL.", now)
    return send(order, now, DownloadCertificate(order.certificate_url))


def on_order(order: Order, event: OrderAnswered) -> Transition:
    """Take in the authority's view of the order, if it is an answer that is still waited for."""
    if isinstance(event.request, NewOrder):
        return _created(order, event) if order.phase is Phase.REQUESTED else Transition(order)
    expected = order.url if isinstance(event.request, FetchOrder) else order.finalize_url
    if order.phase not in _UNDECIDED or event.request.url != expected:
        return Transition(order)
    return _judge(order, event)


def on_certificate(order: Order, event: CertificateAnswered) -> Transition:
    """Keep the certificate if it is what was ordered; otherwise fetch it again, and end when it stays wrong."""
    if order.phase is not Phase.DOWNLOADING or event.request.url != order.certificate_url:
        return Transition(order)
    try:
        certificate = check_chain(
            event.chain_pem, names=order.names, public_key_sha256=order.public_key_sha256, now=event.now
        )
    except CertificateRefused as refusal:
        return retry_later(order, event.now, refusal.problem or own_problem("certificate-refused", "refused"))
    done = enter(order, Phase.VALID, event.now, NotifyHolder(HolderNotice.ISSUED))
    return Transition(replace(done.order, certificate=certificate, next_action_at=None), done.requests)


def on_order_refused(order: Order, event: RequestFailed) -> Transition:
    """Nothing came of newOrder. `replaces` is given up once: no renewal may die of it (RFC 9773 section 5)."""
    if order.phase is not Phase.REQUESTED:
        return Transition(order)
    if event.retryable:
        return retry_later(order, event.now, event.problem)
    if order.replaces is not None and event.request == NewOrder(order.names, order.profile, order.replaces):
        return request_order(replace(order, replaces=None), event.now)
    return fail(order, event.problem, event.now)


def on_finalization_refused(order: Order, event: RequestFailed, request: FetchOrder | Finalize) -> Transition:
    """`orderNotReady` may mean that it is signed already: look at the order before judging."""
    expected = order.url if isinstance(request, FetchOrder) else order.finalize_url
    if order.phase not in _UNDECIDED or request.url != expected:
        return Transition(order)
    if event.retryable or event.problem.name == "orderNotReady":
        return retry_later(order, event.now, event.problem)
    return fail(order, event.problem, event.now)


def on_download_refused(order: Order, event: RequestFailed, request: DownloadCertificate) -> Transition:
    """Repeat whatever the refusal was, since the certificate exists, until the attempts are used up."""
    if order.phase is not Phase.DOWNLOADING or request.url != order.certificate_url:
        return Transition(order)
    return retry_later(order, event.now, event.problem)


def _created(order: Order, event: OrderAnswered) -> Transition:
    if event.status == "invalid":
        return fail(order, event.problem or _without_reason(), event.now)
    urls = tuple(dict.fromkeys(event.authorization_urls))
    if len(urls) > AUTHORIZATIONS_LIMIT or not urls:
        return protocol_fault(order, "The order has no authorizations, or too many.", event.now)
    known = replace(
        order,
        url=event.url,
        finalize_url=event.finalize_url,
        expires_at=event.expires_at,
        authorizations=tuple(Authorization(url) for url in urls),
    )
    return enter(known, Phase.COLLECTING, event.now, *(FetchAuthorization(url) for url in urls))


def _judge(order: Order, event: OrderAnswered) -> Transition:
    match event.status:
        case "valid":
            return _signed(order, event)
        case "processing":
            return _processing(order, event)
        case "ready":
            return _ready(order, event)
        case "invalid":
            return fail(order, event.problem or _without_reason(), event.now)
        case "pending":
            stuck = own_problem("protocol", "The order is pending although every name was proved.")
            return retry_later(order, event.now, stuck.until(event.retry_at))
        case _:
            return protocol_fault(order, "The order has an unknown status.", event.now)


def _signed(order: Order, event: OrderAnswered) -> Transition:
    if event.certificate_url is None:
        return protocol_fault(order, "The order is valid but has no certificate.", event.now)
    known = replace(order, certificate_url=event.certificate_url)
    return enter(known, Phase.DOWNLOADING, event.now, DownloadCertificate(event.certificate_url))


def _processing(order: Order, event: OrderAnswered) -> Transition:
    moved = order if order.phase is Phase.ISSUING else enter(order, Phase.ISSUING, event.now).order
    if isinstance(event.request, Finalize) and order.phase is Phase.FINALIZING and event.retry_at is None:
        return look_at_order(moved, event.now)
    return poll_later(moved, event.now, event.retry_at)


def _ready(order: Order, event: OrderAnswered) -> Transition:
    """Finalize; an order that was accepted and became ready again only after a wait, and not for ever."""
    if isinstance(event.request, Finalize):
        moved = order if order.phase is Phase.ISSUING else enter(order, Phase.ISSUING, event.now).order
        return poll_later(moved, event.now, event.retry_at)
    if order.phase is Phase.ISSUING:
        returned = own_problem("protocol", "The authority took the request and forgot it.").until(event.retry_at)
        return retry_later(enter(order, Phase.FINALIZING, event.now).order, event.now, returned)
    if order.finalize_url is None:
        return protocol_fault(order, "The order has no URL to finalize.", event.now)
    return send(order, event.now, Finalize(order.finalize_url, order.csr_der))


def _without_reason() -> Problem:
    return own_problem("protocol", "The authority ended the order and gave no reason.")
