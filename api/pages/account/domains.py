"""The names a holder manages."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit

_PAGE_SIZE: Final = 50


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the domains and the form to add one."""
    after = visit.query("after") or None
    account = (await visit.read_account("account/AccountDomains", first=_PAGE_SIZE, after=after))["me"]
    status = outcome.status if outcome else 200
    return visit.render("account/domains.html", status, form=visit.form(outcome), domains=account["domains"])


async def add(visit: Visit) -> Response:
    """Add a name."""
    outcome = await visit.change("account/AddDomain", name=visit.fields.text("name"))
    return await show(visit, outcome) if outcome.refusals else visit.redirect("/account/domains?done=domain-added")


async def remove(visit: Visit) -> Response:
    """Forget a name."""
    outcome = await visit.change("account/RemoveDomain", domainId=visit.fields.text("domainId"))
    return await show(visit, outcome) if outcome.refusals else visit.redirect("/account/domains?done=domain-removed")


PAGES: Final = (
    Page("/account/domains", Audience.HOLDERS, show, add),
    Page("/account/domains/remove", Audience.HOLDERS, act=remove),
)
