"""Ordering on the pages: two steps, notices acknowledged, once per idempotency key."""

from __future__ import annotations

import pytest

from tests.factories.orders import make_csr
from tests.integration.pages.browser import Browser
from tests.integration.pages.markup import Markup
from tests.integration.pages.people import arrive
from tests.support.platform import Site


async def review(pages: Site, visitor: Browser, email: str, name: str) -> Markup:
    """Add a name and send a request for it; return the page to read before ordering."""
    await arrive(pages, visitor, email)
    page = await visitor.open("/account/domains")
    await visitor.submit(page, "/account/domains", name=name)
    page = await visitor.open("/account/orders/new")
    return await visitor.submit(page, "/account/orders/new", csr=make_csr([name]), challengeType="DNS_01")


@pytest.mark.clause("4.1-c")
@pytest.mark.clause("4.1-d")
async def test_names_and_notices_are_shown_before_an_order(pages: Site, visitor: Browser) -> None:
    page = await review(pages, visitor, "reads@example.org", "vpn.shop.example.com")
    assert (page.status, page.faults) == (200, [])
    assert "vpn.shop.example.com" in page.words
    assert "never be removed" in page.words
    assert "7 to 10 years" in page.words
    assert "tells attackers what to look for" in page.words
    assert any("letsencrypt.org" in link for link in page.links)
    assert page.form("/account/orders/new").defaults["step"] == "order"
    assert {"ctAcknowledged", "caNoticeAcknowledged"} & set(page.form("/account/orders/new").defaults) == set()


@pytest.mark.clause("4.1-d")
async def test_without_the_acknowledgement_nothing_is_ordered(pages: Site, visitor: Browser) -> None:
    page = await review(pages, visitor, "hurries@example.org", "hurry.example.com")
    page = await visitor.submit(page, "/account/orders/new")
    assert (page.status, page.faults) == (422, [])
    assert 'href="#ctAcknowledged"' in page.text
    assert "None yet" in (await visitor.open("/account/orders")).words


async def test_sent_twice_is_ordered_once(pages: Site, visitor: Browser) -> None:
    page = await review(pages, visitor, "twice@example.org", "twice.example.com")
    places = set()
    for _ in range(2):
        sent = await visitor.send(page, "/account/orders/new", ctAcknowledged="on", caNoticeAcknowledged="on")
        assert sent.status_code == 303
        places.add(sent.headers["location"])
    assert len(places) == 1
    order = await visitor.open(places.pop())
    assert (order.status, order.faults) == (200, [])
    assert "The order was placed" in order.words
    assert "proved by" not in order.words
    assert 'http-equiv="refresh"' in order.text
    overview = await visitor.open("/account")
    assert "Orders under way" in overview.words


async def test_a_name_that_is_not_among_the_domains_is_refused(pages: Site, visitor: Browser) -> None:
    await arrive(pages, visitor, "strange@example.org")
    page = await visitor.open("/account/orders/new")
    page = await visitor.submit(page, "/account/orders/new", csr=make_csr(["strange.example.com"]))
    page = await visitor.submit(page, "/account/orders/new", ctAcknowledged="on", caNoticeAcknowledged="on")
    assert page.faults == []
    assert page.status == 422
    assert "strange.example.com" in page.words


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END"])
async def test_what_is_no_request_is_refused_beside_the_field(pages: Site, visitor: Browser, text: str) -> None:
    await arrive(pages, visitor, f"junk{len(text)}@example.org")
    page = await visitor.open("/account/orders/new")
    page = await visitor.submit(page, "/account/orders/new", csr=text)
    assert (page.status, page.faults) == (422, [])
    assert 'id="csr-error"' in page.text


async def test_confirming_an_order_that_is_not_waiting_says_so(pages: Site, visitor: Browser) -> None:
    page = await review(pages, visitor, "early@example.org", "early.example.com")
    sent = await visitor.send(page, "/account/orders/new", ctAcknowledged="on", caNoticeAcknowledged="on")
    path = sent.headers["location"].partition("?")[0]
    order = await visitor.open(path)
    assert "/confirm" not in str([form.action for form in order.forms])
    form = order.form("/sign-out")
    form.action = f"{path}/confirm"
    answer = await visitor.send_form(form)
    assert answer.status_code == 409
