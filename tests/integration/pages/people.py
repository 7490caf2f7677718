"""People who came by the pages: signed up, confirmed by the mailed link, signed in."""

from __future__ import annotations

from dataclasses import dataclass

from tests.factories.accounts import link_in
from tests.integration.pages.browser import Browser
from tests.integration.pages.markup import Markup
from tests.support.platform import Site

PASSWORD = "eleven quiet herons by the weir"


@dataclass
class Person:
    browser: Browser
    email: str
    page: Markup


async def sign_up(site: Site, browser: Browser, email: str) -> str:
    """Sign up by the page; return the secret of the mailed link."""
    page = await browser.submit(
        await browser.open("/sign-up"), "/sign-up", email=email, password=PASSWORD, ageStatement="on"
    )
    assert "Look into your mailbox" in page.words
    return await link_in(site.platform, "verify_email", email)


async def arrive(site: Site, browser: Browser, email: str) -> Person:
    """Go the whole way to a signed-in, confirmed holder."""
    link_token = await sign_up(site, browser, email)
    page = await browser.submit(await browser.open(f"/verify?token={link_token}"), "/verify")
    assert "is confirmed" in page.words
    page = await browser.submit(page, "/sign-in", email=email, password=PASSWORD)
    assert email in page.words
    return Person(browser, email, page)
