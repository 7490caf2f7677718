"""Every page: valid, accessible, nothing from elsewhere, the policy one click away, no cookie for visitors."""

from __future__ import annotations

import re

import pytest

from api.pages.application import PAGES
from api.pages.endpoint import Audience
from tests.factories.partners import granted, organisation
from tests.integration.pages.browser import Browser, new_browser
from tests.integration.pages.markup import Markup, read
from tests.integration.pages.people import arrive
from tests.support.platform import Site
from tests.support.tenants import tenant

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
SHOWN = [page for page in PAGES if page.show is not None]
OPEN = [page.path for page in SHOWN if page.audience in {Audience.EVERYBODY, Audience.VISITORS}]
PLAIN = [page.path for page in SHOWN if page.audience is Audience.HOLDERS and "{" not in page.path]


def check(page: Markup) -> None:
    assert page.faults == []
    assert "/privacy" in page.links
    assert page.headers["content-security-policy"] == POLICY
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.text.count("<h1") == 1
    assert re.search(r'<html lang="en" dir="ltr"', page.text)
    assert [form.method for form in page.forms] == ["post"] * len(page.forms)


@pytest.mark.clause("0-a")
@pytest.mark.clause("5.1-b")
@pytest.mark.clause("5.2-a")
@pytest.mark.parametrize("path", [*OPEN, "/no/such/page"])
async def test_pages_for_visitors(visitor: Browser, path: str) -> None:
    page = await visitor.open(path)
    check(page)
    assert page.status == {"/signed-in": 403, "/no/such/page": 404}.get(path, 200)
    assert visitor.cookies_ever == []


@pytest.mark.clause("0-a")
async def test_the_policy_is_reachable_from_every_page_and_sets_no_cookie(visitor: Browser) -> None:
    page = await visitor.open("/privacy")
    assert page.status == 200
    assert visitor.cookies_ever == []
    assert "Last Updated: April 2026" in page.words
    assert "12. Contact Information" in page.words


@pytest.mark.parametrize("path", PLAIN)
async def test_pages_of_an_empty_account(pages: Site, path: str) -> None:
    async with new_browser(pages) as browser:
        await arrive(pages, browser, f"empty{PLAIN.index(path)}@example.org")
        browser.cookies_ever.clear()
        page = await browser.open(path)
    check(page)
    assert page.status == 200
    assert page.headers["cache-control"] == "no-store"
    assert [cookie.partition("=")[0] for cookie in browser.cookies_ever] == []


async def test_pages_of_a_full_account_show_text_as_text(own_pages: Site) -> None:
    """Each value a person or a server can choose holds markup; no page may take it for its own."""
    canary = "<script>alert(1)</script>"
    someone = await tenant(own_pages, "canaryscript")
    await granted(own_pages.platform, someone.someone, await organisation(own_pages.platform))
    async with own_pages.superuser() as connection:
        await connection.execute("update account set display_name = $1, company_name = $1", canary)
        await connection.execute("update agent set label = $1, host_name = $1, operating_system = $1", canary)
        await connection.execute("update certificate set names = array[$1], issuer_name = $1", canary)
        await connection.execute("update installation set target_name = $1", canary)
        await connection.execute("update session set user_agent = $1", canary)
        await connection.execute("update security_event set user_agent = $1, kind = $1", canary)
        await connection.execute("update api_token set name = $1", canary)
        await connection.execute("update domain set name_unicode = $1", canary)
        await connection.execute("update certificate_order set names = array[$1], state = 'PENDING'", canary)
        await connection.execute("update order_authorization set name = $1, status = 'pending'", canary)
        await connection.execute("update order_challenge set http_content = $1, http_path = $1", canary)
        await connection.execute("update disclosure set names = array[$1], recipient = $1", canary)
        await connection.execute("update recipient set name = $1, description = $1", canary)
    order, certificate = someone.ids["Order"], someone.ids["Certificate"]
    async with new_browser(own_pages) as browser:
        browser.cookies = {
            "__Host-session": someone.browser.session_secret,
            "__Host-csrf": someone.browser.csrf_token,
        }
        seen = 0
        for path in (*PLAIN, f"/account/orders/{order}", f"/account/certificates/{certificate}"):
            page = await browser.open(path)
            check(page)
            assert page.status == 200, path
            assert canary not in page.text, path
            seen += "&lt;script&gt;alert(1)" in page.text
        assert seen >= 10
        chain = await browser.fetch("GET", f"/account/certificates/{certificate}/chain.pem")
    assert chain.headers["content-type"].startswith("application/pem-certificate-chain")
    assert re.fullmatch(r'attachment; filename="[a-z0-9._-]+\.pem"', chain.headers["content-disposition"])
    assert chain.text == "canaryscript chain"


async def test_somebody_elses_order_is_not_there(pages: Site, visitor: Browser) -> None:
    other = await tenant(pages, "canaryother")
    await arrive(pages, visitor, "curious@example.org")
    for path in (
        f"/account/orders/{other.ids['Order']}",
        f"/account/certificates/{other.ids['Certificate']}",
        f"/account/certificates/{other.ids['Certificate']}/chain.pem",
        f"/account/orders/{other.ids['Certificate']}",
        "/account/orders/nonsense",
    ):
        page = read(await visitor.fetch("GET", path))
        assert (page.status, page.faults) == (404, [])
        assert not other.shows_in(page.text)


async def test_the_stylesheet_is_kept_for_ever_and_found_by_its_digest(visitor: Browser) -> None:
    page = await visitor.open("/")
    address = next(one for one in page.loaded if one.endswith(".css"))
    response = await visitor.fetch("GET", address)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in response.headers["cache-control"]
    assert (await visitor.fetch("GET", "/assets/0000000000000000/pages.css")).status_code == 404
    assert not re.search(r"url\(|@import", response.text)


async def test_the_register_shows_fields_and_no_values(visitor: Browser) -> None:
    page = await visitor.open("/privacy/data-register")
    check(page)
    assert "account.email" in page.words
    assert "@example.org" not in page.words
    assert visitor.cookies_ever == []
