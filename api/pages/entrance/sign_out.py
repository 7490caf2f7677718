"""Signing out: only a form can, so no other site and no prefetching browser does it."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page, failure
from api.pages.visit import Visit


async def act(visit: Visit) -> Response:
    """End the session and make the browser forget it."""
    outcome = await visit.change("entrance/SignOut")
    return failure(visit, outcome.refusals[0]) if outcome.refusals else visit.redirect("/?done=signed-out")


PAGES: Final = (
    Page("/sign-out", Audience.HOLDERS, act=act),
    Page("/staff/sign-out", Audience.STAFF, act=act),
)
