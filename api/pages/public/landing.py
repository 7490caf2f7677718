"""The first page: what this is and how to begin."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.rendering import PUBLIC
from api.pages.visit import Visit


async def show(visit: Visit) -> Response:
    """Show the page."""
    return visit.render("public/landing.html", headers=PUBLIC)


PAGES: Final = (Page("/", Audience.EVERYBODY, show),)
