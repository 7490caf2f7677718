"""All pages as routes. They come last: whatever nobody else answers gets the page that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.pages.account import access, agents, api_tokens, credentials, domains, overview, sessions, settings
from api.pages.certificates import certificate, lists, new_order, order
from api.pages.endpoint import Audience, Page, PageEndpoint, failure
from api.pages.entrance import links, passwords, sign_in, sign_out, sign_up
from api.pages.outcome import Refusal
from api.pages.public import landing, privacy
from api.pages.site import House
from api.pages.staff import events
from api.pages.visit import Visit

_MISSING: Final = Refusal("NOT_FOUND", "There is no such page, or it is not yours.", kind="NotFound")
_MODULES: Final = (
    *(landing, privacy, sign_up, links, sign_in, sign_out, passwords, events),
    *(
        overview,
        settings,
        credentials,
        sessions,
        api_tokens,
        access,
        domains,
        agents,
        lists,
        new_order,
        order,
        certificate,
    ),
)
PAGES: Final = tuple(page for module in _MODULES for page in module.PAGES)
"""Every page there is."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one site."""

    house: House

    def routes(self) -> list[BaseRoute]:
        """Return every route; the last one takes all paths, so nothing may follow it."""
        routes: list[BaseRoute] = [Route("/assets/{fingerprint}/{name}", self._asset)]
        routes += [Route(page.path, PageEndpoint(page, self.house)) for page in PAGES]
        missing = Page("/{path:path}", Audience.EVERYBODY, show=_missing, act=_missing)
        return [*routes, Route(missing.path, PageEndpoint(missing, self.house))]

    async def _asset(self, request: Request) -> Response:
        found = self.house.renderer.serve_asset(request.path_params["fingerprint"], request.path_params["name"])
        return found or Response("Not found\n", 404, media_type="text/plain")


async def _missing(visit: Visit) -> Response:
    return failure(visit, _MISSING)
