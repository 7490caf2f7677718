"""All certificates and all orders of a holder, newest first."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.visit import Visit

_PAGE_SIZE: Final = 25


async def show_certificates(visit: Visit) -> Response:
    """Show a page of certificates."""
    after = visit.query("after") or None
    account = (await visit.read_account("certificates/AccountCertificates", first=_PAGE_SIZE, after=after))["me"]
    return visit.render("certificates/certificates.html", certificates=account["certificates"])


async def show_orders(visit: Visit) -> Response:
    """Show a page of orders."""
    after = visit.query("after") or None
    account = (await visit.read_account("certificates/AccountOrders", first=_PAGE_SIZE, after=after))["me"]
    return visit.render("certificates/orders.html", orders=account["orders"])


PAGES: Final = (
    Page("/account/certificates", Audience.HOLDERS, show_certificates),
    Page("/account/orders", Audience.HOLDERS, show_orders),
)
