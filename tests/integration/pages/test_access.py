"""The page on which a holder lets others act for the account, and ends it, without a script."""

from __future__ import annotations

from tests.factories.accounts import link_in
from tests.factories.partners import act_for, granted, organisation
from tests.integration.auth.people import holder
from tests.integration.pages.browser import Browser, new_browser
from tests.integration.pages.people import arrive
from tests.support.platform import Site

ACCESS = "/account/access"
NAMES = "{ me { domains(first: 1) { totalCount } } }"


async def test_a_partner_is_granted_and_its_access_is_ended(pages: Site, visitor: Browser) -> None:
    acme = await organisation(pages.platform, "page-partner")
    await arrive(pages, visitor, "grants@example.org")
    page = await visitor.open(ACCESS)
    assert "Nobody but you" in page.words
    refused = await visitor.submit(page, ACCESS, partnerId=acme.global_id, categories=["user.contact"])
    assert (refused.status, refused.faults) == (422, [])
    assert 'id="scopes-error"' in refused.text
    page = await visitor.submit(refused, ACCESS, scopes=["domains:read"], categories=["user.contact"], days="30")
    assert "They may act for your account now" in page.words
    assert "page-partner Ltd" in page.words
    listed = await pages.ask("{ grantedAccounts(first: 5) { edges { node { actFor } } } }", by=acme.api_token)
    (edge,) = listed["data"]["grantedAccounts"]["edges"]
    named = edge["node"]["actFor"]
    answer = await pages.ask(NAMES, by=acme.api_token, act_for=named)
    assert answer == {"data": {"me": {"domains": {"totalCount": 0}}}}
    page = await visitor.open(ACCESS)
    assert "page-partner" in page.words
    page = await visitor.submit(page, f"{ACCESS}/revoke")
    assert "Their access was ended" in page.words
    assert "ended by you" in page.words
    ended = await pages.ask(NAMES, by=acme.api_token, act_for=named)
    assert ended["errors"][0]["extensions"]["code"] == "GRANT_REFUSED"


async def test_a_teammate_is_invited_and_accepts_by_the_mailed_link(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "inviter@example.org")
    page = await visitor.open(ACCESS)
    page = await visitor.submit(
        page, ACCESS, email="mate@example.org", scopes=["domains:read"], categories=["user.contact"]
    )
    assert "We mailed them a link" in page.words
    assert "mate@example.org" in page.words
    link = f"/accept-access?token={await link_in(pages.platform, 'access_invitation', 'mate@example.org')}"
    async with new_browser(pages) as mate:
        page = await mate.open(link)
        assert (page.faults, mate.cookies_ever) == ([], [])
        assert "Sign in first" in page.words
        await arrive(pages, mate, "mate@example.org")
        page = await mate.open(link)
        assert page.faults == []
        page = await mate.submit(page, f"{ACCESS}/accept")
        assert "You may act for that account now" in page.words
        assert "inviter@example.org" in page.words
        used = await mate.open(link)
        page = await mate.submit(used, f"{ACCESS}/accept")
        assert (page.status, page.faults) == (422, [])
    async with new_browser(pages) as stranger:
        await arrive(pages, stranger, "stranger@example.org")
        page = await stranger.submit(await stranger.open(link), f"{ACCESS}/accept")
        assert "does not work here" in page.words


async def test_the_pages_are_of_ones_own_account_whatever_the_header_says(pages: Site, visitor: Browser) -> None:
    acme = await organisation(pages.platform, "header-partner")
    someone = await holder(pages.platform, "other@example.org")
    grant = await granted(pages.platform, someone, acme)
    await arrive(pages, visitor, "own@example.org")
    response = await visitor.fetch("GET", "/account", headers={"sslm-act-for": act_for(grant)})
    assert response.status_code == 200
    assert "own@example.org" in response.text
