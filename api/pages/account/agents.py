"""The agents on a holder's servers, and all that they told of them (clause 1.2-a)."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit

_PAGE_SIZE: Final = 50


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the agents."""
    after = visit.query("after") or None
    account = (await visit.read_account("account/AccountAgents", first=_PAGE_SIZE, after=after))["me"]
    status = outcome.status if outcome else 200
    return visit.render("account/agents.html", status, form=visit.form(outcome), agents=account["agents"])


async def remove(visit: Visit) -> Response:
    """Remove an agent; its token ends at once."""
    outcome = await visit.change("account/RemoveAgent", agentId=visit.fields.text("agentId"))
    return await show(visit, outcome) if outcome.refusals else visit.redirect("/account/agents?done=agent-removed")


PAGES: Final = (
    Page("/account/agents", Audience.HOLDERS, show),
    Page("/account/agents/remove", Audience.HOLDERS, act=remove),
)
