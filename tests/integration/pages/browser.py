"""A browser without scripts: keeps cookies (unless it blocks them), reads forms, and sends them as browsers do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

import httpx

from tests.integration.pages.markup import Form, Markup, read
from tests.support.platform import Site

HOPS = 5
FROM_OUR_PAGE = {"origin": "null", "sec-fetch-site": "same-origin"}


@dataclass
class Browser:
    client: httpx.AsyncClient
    blocks_cookies: bool = False
    cookies: dict[str, str] = field(default_factory=dict)
    cookies_ever: list[str] = field(default_factory=list)

    async def fetch(self, method: str, path: str, **more: object) -> httpx.Response:
        """Send one request and keep the cookies of its answer; follow nothing."""
        headers = dict(more.pop("headers", {}) or {})  # type: ignore[call-overload]
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await self.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]
        for line in response.headers.get_list("set-cookie"):
            self.cookies_ever.append(line)
            name, _, value = line.partition(";")[0].partition("=")
            if self.blocks_cookies:
                continue
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return response

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Follow redirects, at most a few; more would be a loop."""
        for _ in range(HOPS):
            if response.status_code != 303:
                return response
            response = await self.fetch("GET", response.headers["location"])
        raise AssertionError("the pages redirect in a circle")

    async def open(self, path: str) -> Markup:
        """Open a page, following redirects, and read it."""
        return read(await self.follow(await self.fetch("GET", path)))

    async def send(self, page: Markup, action: str, **values: str | list[str]) -> httpx.Response:
        """Fill in the form of a page and send it; follow nothing. An empty list leaves a box unticked."""
        return await self.send_form(page.form(action), **values)

    async def send_form(self, form: Form, **values: str | list[str]) -> httpx.Response:
        filled = {**form.defaults, **{name.replace("__", "-"): value for name, value in values.items()}}
        body = urlencode({name: value for name, value in filled.items() if value != []}, doseq=True)
        headers = {**FROM_OUR_PAGE, "content-type": "application/x-www-form-urlencoded"}
        return await self.fetch("POST", form.action, content=body, headers=headers)

    async def submit(self, page: Markup, action: str, **values: str | list[str]) -> Markup:
        """Fill in a form, send it, and read the page that comes of it."""
        return read(await self.follow(await self.send(page, action, **values)))


_networks = count(1)


@asynccontextmanager
async def new_browser(site: Site, *, blocks_cookies: bool = False) -> AsyncIterator[Browser]:
    """Yield a browser in a network of its own, so that no throttle takes two tests for one person."""
    number = next(_networks)
    async with site.client((f"10.{number // 250}.{number % 250}.7", 50_000)) as client:
        yield Browser(client, blocks_cookies)


def life_of(cookie: str) -> int | None:
    """Return the seconds a `Set-Cookie` line gives its cookie; None for the browser session."""
    found = re.search(r"Max-Age=(\d+)", cookie)
    return int(found[1]) if found else None
