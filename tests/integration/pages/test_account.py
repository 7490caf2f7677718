"""What a holder does on the pages: settings, sessions, tokens, domains, address and password."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from api.models import GOVERNANCE
from tests.factories.accounts import link_in
from tests.integration.pages.browser import Browser, life_of, new_browser
from tests.integration.pages.people import PASSWORD, arrive, sign_up
from tests.support.platform import Site

YEAR = 31_536_000


@pytest.mark.clause("5.1-b")
async def test_settings_are_saved_and_only_saving_sets_the_preferences_cookie(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "settles@example.org")
    page = await visitor.open("/account/settings")
    page = await visitor.submit(page, "/account/settings", displayName="Ada", timeZone="Asia/Kuwait")
    assert "settings are saved" in page.words
    assert "__Host-prefs" not in visitor.cookies
    page = await visitor.submit(page, "/account/settings", displayMode="DARK")
    cookie = next(line for line in visitor.cookies_ever if line.startswith("__Host-prefs="))
    assert 0 < (life_of(cookie) or 0) <= YEAR
    assert 'data-mode="dark"' in page.text
    assert 'data-mode="dark"' in (await visitor.open("/privacy")).text
    defaults = page.form("/account/settings").defaults
    assert (defaults["displayName"], defaults["timeZone"]) == ("Ada", "Asia/Kuwait")
    assert "(Asia/Kuwait)" in page.words


async def test_a_refused_setting_is_shown_beside_its_field(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "refused@example.org")
    page = await visitor.open("/account/settings")
    page = await visitor.submit(page, "/account/settings", displayName="x" * 200, companyName="Kept Company")
    assert page.status == 422
    assert page.faults == []
    assert 'id="displayName-error"' in page.text
    assert 'href="#displayName"' in page.text
    assert page.form("/account/settings").defaults["companyName"] == "Kept Company"


async def test_an_api_token_is_shown_once(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "tokens@example.org")
    page = await visitor.open("/account/tokens")
    page = await visitor.submit(page, "/account/api-tokens", name="web-1", scopes=["domains:read"], expiresInDays="30")
    secret = re.search(r"sslm_[0-9A-Za-z]{36}", page.text)
    assert secret is not None
    answer = await pages.ask("{ me { domains(first: 1) { totalCount } } }", by=secret[0])
    assert answer["data"] == {"me": {"domains": {"totalCount": 0}}}
    page = await visitor.open("/account/api-tokens")
    assert secret[0] not in page.text
    page = await visitor.submit(page, "/account/api-tokens/revoke")
    assert "was revoked" in page.words
    assert "errors" in await pages.ask("{ me { id } }", by=secret[0])


async def test_a_token_may_be_limited_to_some_data(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "limits@example.org")
    page = await visitor.open("/account/api-tokens")
    sent = {"name": "narrow", "scopes": ["account:read"], "data": "some", "onMissingCategory": "NULL"}
    page = await visitor.submit(page, "/account/api-tokens", **sent, categories=["user.account.settings"])
    secret = re.search(r"sslm_[0-9A-Za-z]{36}", page.text)
    assert secret is not None
    answer = await pages.ask("{ me { language displayName } }", by=secret[0])
    assert answer["data"] == {"me": {"language": "en", "displayName": None}}
    assert answer["errors"][0]["extensions"]["missing"] == ["data:user.name"]
    assert "Shows only: user.account.settings Leaves the rest empty." in page.words
    page = await visitor.submit(page, "/account/api-tokens", **sent, categories=[])
    assert "Shows no personal data." in page.words
    page = await visitor.submit(page, "/account/api-tokens", name="wide", scopes=["account:read"])
    assert "Shows all your data that this reaches." in page.words


async def test_what_was_chosen_stays_chosen_when_the_form_is_refused(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "chooses@example.org")
    page = await visitor.open("/account/api-tokens")
    page = await visitor.submit(
        page, "/account/api-tokens", name="kept", data="some", categories=["user.name"], onMissingCategory="NULL"
    )
    assert (page.status, page.faults) == (422, [])
    kept = page.form("/account/api-tokens").defaults
    assert (kept["data"], kept["categories"], kept["onMissingCategory"]) == ("some", "user.name", "NULL")


async def test_a_token_without_a_scope_is_refused_beside_the_boxes(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "noscope@example.org")
    page = await visitor.open("/account/api-tokens")
    page = await visitor.submit(page, "/account/api-tokens", name="kept name")
    assert (page.status, page.faults) == (422, [])
    assert 'id="scopes-error"' in page.text
    assert page.form("/account/api-tokens").defaults["name"] == "kept name"


async def test_sessions_are_listed_and_ended(pages: Site, visitor: Browser) -> None:
    person = await arrive(pages, visitor, "sessions@example.org")
    async with new_browser(pages) as other:
        page = await other.open("/sign-in")
        page = await other.submit(page, "/sign-in", email=person.email, password=PASSWORD)
        assert person.email in page.words
        page = await visitor.open("/account/sessions")
        assert "this one" in page.words
        page = await visitor.submit(page, "/account/sessions")
        assert "session was ended" in page.words
        assert "Sign in" in (await other.open("/account")).words
    assert person.email in (await visitor.open("/account")).words


async def test_domains_are_added_and_removed(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "domains@example.org")
    page = await visitor.open("/account/domains")
    page = await visitor.submit(page, "/account/domains", name="bücher.example.com")
    assert "bücher.example.com" in page.words
    page = await visitor.submit(page, "/account/domains", name="https://example.com/x")
    assert (page.status, page.faults) == (422, [])
    assert page.form("/account/domains").defaults["name"] == "https://example.com/x"
    page = await visitor.submit(page, "/account/domains/remove")
    assert "was removed" in page.words


async def test_an_unconfirmed_address_is_told_what_to_do(pages: Site, visitor: Browser) -> None:
    await sign_up(pages, visitor, "later@example.org")
    page = await visitor.open("/sign-in")
    page = await visitor.submit(page, "/sign-in", email="later@example.org", password=PASSWORD)
    assert "not confirmed yet" in page.words
    page = await visitor.submit(page, "/account/verification")
    assert "A new link is on its way" in page.words


async def test_address_and_password_change(pages: Site, visitor: Browser) -> None:
    person = await arrive(pages, visitor, "moves@example.org")
    page = await visitor.open("/account/password")
    wrong = await visitor.submit(page, "/account/password", currentPassword="no", newPassword="a new long sentence")
    assert wrong.status == 403
    page = await visitor.submit(wrong, "/account/password", currentPassword=PASSWORD, newPassword="a new long sentence")
    assert "password is changed" in page.words
    page = await visitor.open("/account/email")
    page = await visitor.submit(
        page, "/account/email", newEmail="moved@example.org", currentPassword="a new long sentence"
    )
    assert "sent a link to the new address" in page.words
    link_token = await link_in(pages.platform, "change_email", "moved@example.org")
    page = await visitor.submit(await visitor.open(f"/confirm-email?token={link_token}"), "/confirm-email")
    assert "moved@example.org" in (await visitor.open("/account/settings")).words or "Sign in" in page.words
    assert person.email not in (await visitor.open("/account")).words


async def test_a_private_key_is_refused_and_not_shown_again(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "pastes@example.org")
    pasted = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----"
    page = await visitor.open("/account/orders/new")
    page = await visitor.submit(page, "/account/orders/new", csr=pasted, challengeType="HTTP_01")
    assert (page.status, page.faults) == (422, [])
    assert "MIGHAgEAMBMGByqGSM49" not in page.text


async def test_what_a_page_shows_is_in_the_audit_log(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "audited@example.org")
    await visitor.open("/account/settings")
    events = GOVERNANCE.audit_event
    async with pages.core.sessions.read() as session:
        headers = (await session.execute(select(events.c.header))).scalars().all()
    assert any('"name":"me"' in str(header) and "Account.timeZone" in str(header) for header in headers)
