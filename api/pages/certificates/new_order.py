"""A new order in two steps: the request is read, then its names and the notices are shown to be acknowledged.

Nothing is ordered before the second step (clauses 4.1-c, 4.1-d); nothing of the first is stored. The idempotency key
is made with the second page, so that sending it twice orders once.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.issuance.csr import CertificateRequest, read_csr
from api.kit.secrets import random_url_token
from api.pages.endpoint import Audience, Page, refusal_of
from api.pages.outcome import Outcome
from api.pages.visit import Visit
from governance.errors import SafeError

_TYPES: Final = ("HTTP_01", "DNS_01")
_PASTE_AGAIN: Final = frozenset({"csr", "challengeType"})


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Ask for the signing request."""
    await visit.read_account("certificates/OrderNotices", names=[])
    return visit.render(
        "certificates/new_order.html", outcome.status if outcome else 200, form=visit.form(outcome), types=_TYPES
    )


async def act(visit: Visit) -> Response:
    """Read the request; then, with what was acknowledged, order."""
    try:
        request = read_csr(visit.fields.text("csr"))
    except SafeError as error:
        return await show(visit, Outcome({}, (refusal_of(error),)))
    if visit.fields.text("step") != "order":
        return await _review(visit, request)
    return await _order(visit, request)


async def _review(visit: Visit, request: CertificateRequest, outcome: Outcome | None = None) -> Response:
    data = await visit.read_account("certificates/OrderNotices", names=list(request.names))
    used = outcome is not None and outcome.refused_with("IDEMPOTENCY_KEY_REUSED")
    idempotency_key = "" if used else visit.fields.text("idempotencyKey")
    return visit.render(
        "certificates/review_order.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        csr=visit.fields.text("csr"),
        challenge_type=_challenge_type(visit),
        names=request.names,
        key_description=request.key_description,
        notices=data["orderNotices"],
        idempotency_key=idempotency_key or random_url_token(),
    )


async def _order(visit: Visit, request: CertificateRequest) -> Response:
    fields = visit.fields
    outcome = await visit.change(
        "certificates/OrderCertificate",
        csr=fields.text("csr"),
        challengeType=_challenge_type(visit),
        ctAcknowledged=fields.checked("ctAcknowledged"),
        ctNoticeVersion=fields.text("ctNoticeVersion"),
        caNoticeAcknowledged=fields.checked("caNoticeAcknowledged"),
        caNoticeVersion=fields.text("caNoticeVersion"),
        idempotencyKey=fields.text("idempotencyKey"),
    )
    if any(refusal.field in _PASTE_AGAIN for refusal in outcome.refusals):
        return await show(visit, outcome)
    if outcome.refusals:
        return await _review(visit, request, outcome)
    return visit.redirect(f"/account/orders/{outcome.data['orderCertificate']['order']['id']}?done=ordered&watch=1")


def _challenge_type(visit: Visit) -> str:
    asked = visit.fields.text("challengeType")
    return asked if asked in _TYPES else _TYPES[0]


PAGES: Final = (Page("/account/orders/new", Audience.HOLDERS, show, act),)
