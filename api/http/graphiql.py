"""GraphiQL from our own files, under a policy that lets in nothing else."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import api.graphql

ASSETS: Final = Path(api.graphql.__file__).parent / "assets"
_PREFIX: Final = "/graphiql/assets"


class GraphiQL:
    """Serves the page and its files."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(ASSETS), autoescape=select_autoescape(), undefined=StrictUndefined
        )
        self._page = environment.get_template("graphiql.html")

    def routes(self) -> list[BaseRoute]:
        """Return the page's route and its files'."""
        return [Mount(_PREFIX, StaticFiles(directory=ASSETS)), Route("/graphiql", self.page)]

    async def page(self, _request: Request) -> Response:
        """Answer with the page; each answer has a nonce of its own."""
        nonce = secrets.token_urlsafe(16)
        text = self._page.render(nonce=nonce, assets=_PREFIX, endpoint="/graphql")
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {
            "content-security-policy": policy,
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        }
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)
