"""Where one is signed in, and what concerned one's safety lately."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.account.browsers import browser_name
from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit

_PAGE_SIZE: Final = 25


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the sessions."""
    after = visit.query("after") or None
    account = (await visit.read_account("account/AccountSessions", first=_PAGE_SIZE, after=after))["me"]
    return visit.render(
        "account/sessions.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        sessions=account["sessions"],
        browser_name=browser_name,
    )


async def revoke(visit: Visit) -> Response:
    """End one session."""
    outcome = await visit.change("account/RevokeSession", sessionId=visit.fields.text("sessionId"))
    return await show(visit, outcome) if outcome.refusals else visit.redirect("/account/sessions?done=session-ended")


async def revoke_others(visit: Visit) -> Response:
    """End every session but this one."""
    outcome = await visit.change("account/RevokeOtherSessions")
    return await show(visit, outcome) if outcome.refusals else visit.redirect("/account/sessions?done=sessions-ended")


PAGES: Final = (
    Page("/account/sessions", Audience.HOLDERS, show, revoke),
    Page("/account/sessions/others", Audience.HOLDERS, act=revoke_others),
)
