"""A form counts only when our own page sent it, with our token."""

from __future__ import annotations

import pytest

from tests.integration.pages.browser import FROM_OUR_PAGE, Browser
from tests.integration.pages.markup import read
from tests.integration.pages.people import arrive
from tests.support.platform import ORIGIN, Site

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("token", ["", "csrfToken=", "csrfToken=" + "A" * 22 + "." + "A" * 43])
async def test_without_the_sessions_token_nothing_changes(pages: Site, visitor: Browser, token: str) -> None:
    await arrive(pages, visitor, f"forged-{len(token)}@example.org")
    body = f"name=forged.example.com&{token}"
    response = await visitor.fetch("POST", "/account/domains", content=body, headers=FORM | FROM_OUR_PAGE)
    page = read(response)
    assert page.status == 403
    assert page.faults == []
    assert "did not prove that it comes from our own page" in page.words
    assert "forged.example.com" not in (await visitor.open("/account/domains")).words


@pytest.mark.parametrize(
    "sender",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_with_the_token_but_from_elsewhere_nothing_changes(
    pages: Site, visitor: Browser, sender: dict[str, str]
) -> None:
    await arrive(pages, visitor, f"elsewhere-{abs(hash(str(sender)))}@example.org")
    form = (await visitor.open("/account/domains")).form("/account/domains")
    body = f"name=forged.example.com&csrfToken={form.defaults['csrfToken']}"
    response = await visitor.fetch("POST", "/account/domains", content=body, headers=FORM | sender)
    assert response.status_code == 403
    assert "forged.example.com" not in (await visitor.open("/account/domains")).words


async def test_a_form_token_of_another_form_does_not_count(visitor: Browser) -> None:
    token = (await visitor.open("/sign-up")).form("/sign-up").defaults["formToken"]
    body = f"formToken={token}&email=a@example.org&password=x"
    response = await visitor.fetch("POST", "/sign-in", content=body, headers=FORM | {"origin": ORIGIN})
    assert response.status_code == 403


async def test_a_browser_that_comes_from_a_mail_gets_a_working_form(pages: Site, visitor: Browser) -> None:
    """The CSRF cookie is `SameSite=Strict`: on such a visit it is not sent along."""
    await arrive(pages, visitor, "strict@example.org")
    del visitor.cookies["__Host-csrf"]
    page = await visitor.open("/account/domains")
    assert "__Host-csrf" in visitor.cookies
    assert "was added" in (await visitor.submit(page, "/account/domains", name="strict.example.com")).words


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", '{"email":"a@example.org"}', 400),
        ("application/x-www-form-urlencoded", "email=%00", 400),
        ("application/x-www-form-urlencoded", "email=%ff%fe", 400),
        ("application/x-www-form-urlencoded", "&".join(f"a{n}=1" for n in range(300)), 400),
        ("application/x-www-form-urlencoded", "a=" + "x" * (2 << 20), 413),
    ],
)
async def test_what_is_no_form_is_refused_in_the_same_look(
    visitor: Browser, content_type: str, body: str, status: int
) -> None:
    headers = {"content-type": content_type} | FROM_OUR_PAGE
    page = read(await visitor.fetch("POST", "/sign-in", content=body, headers=headers))
    assert (page.status, page.faults) == (status, [])


async def test_other_methods_are_refused(visitor: Browser) -> None:
    response = await visitor.fetch("DELETE", "/sign-in")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert read(response).faults == []
