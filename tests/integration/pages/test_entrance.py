"""Sign-up, links, sign-in, reset: with and without cookies, and what must not happen."""

from __future__ import annotations

import pytest

from tests.factories.accounts import link_in
from tests.integration.pages.browser import Browser, life_of, new_browser
from tests.integration.pages.markup import read
from tests.integration.pages.people import PASSWORD, arrive, sign_up
from tests.support.platform import Site

DAY = 86_400


async def test_the_whole_way_in_and_out(pages: Site, visitor: Browser) -> None:
    person = await arrive(pages, visitor, "way@example.org")
    assert person.page.status == 200
    assert "Your certificates at a glance" in person.page.words
    assert set(visitor.cookies) == {"__Host-session", "__Host-csrf", "__Host-device"}
    page = await visitor.submit(person.page, "/sign-out")
    assert "You are signed out" in page.words
    assert set(visitor.cookies) == {"__Host-device"}
    assert (await visitor.fetch("GET", "/account")).headers["location"] == "/sign-in?continue=%2Faccount"


@pytest.mark.clause("5.1-a")
async def test_cookies_live_as_long_as_the_person_chose(pages: Site, visitor: Browser) -> None:
    person = await arrive(pages, visitor, "life@example.org")
    session = [cookie for cookie in visitor.cookies_ever if cookie.startswith("__Host-session=")]
    assert [life_of(cookie) for cookie in session] == [None]
    await visitor.submit(person.page, "/sign-out")
    visitor.cookies_ever.clear()
    page = await visitor.open("/sign-in")
    await visitor.submit(page, "/sign-in", email=person.email, password=PASSWORD, staySignedIn="on")
    kept = next(cookie for cookie in visitor.cookies_ever if cookie.startswith("__Host-session="))
    assert 0 < (life_of(kept) or 0) <= 30 * DAY


@pytest.mark.clause("9-b")
@pytest.mark.clause("9-a")
async def test_without_the_statement_about_age_nothing_is_stored(own_pages: Site) -> None:
    async with new_browser(own_pages) as browser:
        page = await browser.open("/sign-up")
        assert "I am 16 years old or older" in page.words
        assert "not for people under 16" in page.words
        assert "checked" not in page.text
        before = await own_pages.everything()
        answer = read(await browser.send(page, "/sign-up", email="child@example.org", password=PASSWORD))
    assert answer.status == 422
    assert "no account was made" in answer.words
    assert answer.faults == []
    assert await own_pages.everything() == before


@pytest.mark.clause("7-c")
async def test_sign_up_says_that_laws_elsewhere_may_differ(visitor: Browser) -> None:
    page = await visitor.open("/sign-up")
    assert "may be transferred to, stored and processed in Kuwait or other countries" in page.words
    assert "/privacy" in page.links


@pytest.mark.clause("1.1-a")
async def test_sign_up_asks_for_nothing_else(pages: Site, visitor: Browser) -> None:
    form = (await visitor.open("/sign-up")).form("/sign-up")
    assert set(form.defaults) == {"formToken", "email", "password"}
    person = await arrive(pages, visitor, "only@example.org")
    settings = (await visitor.open("/account/settings")).form("/account/settings").defaults
    assert (settings["displayName"], settings["companyName"], settings["country"]) == ("", "", "")
    assert person.page.status == 200


@pytest.mark.clause("5.2-a")
@pytest.mark.clause("5.2-b")
async def test_blocked_cookies_are_named_and_nothing_turns_in_a_circle(pages: Site) -> None:
    async with new_browser(pages, blocks_cookies=True) as browser:
        link_token = await sign_up(pages, browser, "blocks@example.org")
        page = await browser.submit(await browser.open(f"/verify?token={link_token}"), "/verify")
        page = await browser.submit(page, "/sign-in", email="blocks@example.org", password=PASSWORD)
    assert page.status == 403
    assert "Your browser blocks our cookies" in page.words
    assert "__Host-session" in page.words


async def test_opening_a_link_changes_nothing(pages: Site, visitor: Browser) -> None:
    link_token = await sign_up(pages, visitor, "opened@example.org")
    for _ in range(2):
        assert (await visitor.open(f"/verify?token={link_token}")).status == 200
    page = await visitor.open(f"/verify?token={link_token}")
    assert "is confirmed" in (await visitor.submit(page, "/verify")).words
    again = await visitor.submit(page, "/verify")
    assert again.status == 422
    assert "This link does not work" in again.words


async def test_a_known_address_is_answered_like_a_new_one(pages: Site, visitor: Browser) -> None:
    await sign_up(pages, visitor, "known@example.org")
    answers = []
    for email in ("known@example.org", "unknown-yet@example.org"):
        page = await visitor.open("/sign-up")
        sent = await visitor.send(page, "/sign-up", email=email, password=PASSWORD, ageStatement="on")
        answers.append((sent.status_code, sent.headers["location"], sent.text))
    assert answers[0] == answers[1]


async def test_a_forgotten_password_is_set_anew(pages: Site, visitor: Browser) -> None:
    person = await arrive(pages, visitor, "forgets@example.org")
    await visitor.submit(person.page, "/sign-out")
    page = await visitor.submit(await visitor.open("/forgot-password"), "/forgot-password", email=person.email)
    assert "on its way" in page.words
    link_token = await link_in(pages.platform, "reset_password", person.email)
    page = await visitor.open(f"/reset-password?token={link_token}")
    short = await visitor.submit(page, "/reset-password", newPassword="short")
    assert "fewer than 12 characters" in short.words
    page = await visitor.submit(short, "/reset-password", newPassword="another long sentence of mine")
    assert "new password is set" in page.words
    page = await visitor.submit(page, "/sign-in", email=person.email, password="another long sentence of mine")
    assert person.email in page.words


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/sign-out",
        "/account/../graphql",
        "/account\r\nx: y",
    ],
)
async def test_nobody_is_led_to_another_site(pages: Site, visitor: Browser, asked: str) -> None:
    person = await arrive(pages, visitor, f"led-{abs(hash(asked))}@example.org")
    await visitor.submit(person.page, "/sign-out")
    page = await visitor.open("/sign-in")
    sent = await visitor.send(page, "/sign-in", email=person.email, password=PASSWORD, **{"continue": asked})
    assert sent.headers["location"] == "/signed-in"
    response = await visitor.client.get(
        "/signed-in",
        params={"continue": asked},
        headers={"cookie": f"__Host-session={visitor.cookies['__Host-session']}"},
    )
    assert response.headers["location"] == "/account"


async def test_one_is_led_back_to_where_one_wanted_to_go(pages: Site, visitor: Browser) -> None:
    person = await arrive(pages, visitor, "back@example.org")
    await visitor.submit(person.page, "/sign-out")
    page = await visitor.open("/account/domains")
    assert "Sign in" in page.words
    page = await visitor.submit(page, "/sign-in", email=person.email, password=PASSWORD)
    assert "Your domains" in page.words


async def test_a_form_that_comes_after_the_session_leads_back_to_its_page(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "late@example.org")
    page = await visitor.open("/account/domains")
    page = await visitor.submit(page, "/account/domains", name="late.example.com")
    del visitor.cookies["__Host-session"]
    sent = await visitor.send(page, "/account/domains/remove")
    assert sent.headers["location"] == "/sign-in?continue=%2Faccount%2Fdomains"


async def test_a_wrong_password_is_shown_without_the_password(pages: Site, visitor: Browser) -> None:
    page = await visitor.open("/sign-in")
    page = await visitor.submit(page, "/sign-in", email="nobody@example.org", password="not the password")
    assert page.status == 403
    assert page.faults == []
    assert "You are not signed in" in page.words
    assert "not the password" not in page.text
    assert "nobody@example.org" in page.text
