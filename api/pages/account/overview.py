"""The holder's first page: what there is, and what to do next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page, failure
from api.pages.visit import Visit

ENDED: Final = frozenset({"VALID", "INVALID"})
RECENTLY: Final = timedelta(days=14)
"""How long an order that failed is shown here; the list of orders keeps it."""


async def show(visit: Visit) -> Response:
    """Show the overview."""
    account = (await visit.read_account("account/AccountOverview"))["me"]
    orders = [edge["node"] for edge in account["orders"]["edges"]]
    open_orders = [order for order in orders if order["state"] not in ENDED]
    since = visit.house.clock.now() - RECENTLY
    failed = [one for one in orders if one["state"] == "INVALID" and datetime.fromisoformat(one["createdAt"]) >= since]
    return visit.render("account/overview.html", open_orders=open_orders, failed_orders=failed)


async def resend(visit: Visit) -> Response:
    """Mail the link that confirms the address once more."""
    outcome = await visit.change("account/ResendVerification")
    if outcome.refusals:
        return failure(visit, outcome.refusals[0])
    return visit.redirect("/account?done=verification-sent")


PAGES: Final = (
    Page("/account", Audience.HOLDERS, show),
    Page("/account/verification", Audience.HOLDERS, act=resend),
)
