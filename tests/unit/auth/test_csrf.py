"""Requests with cookies must prove that our own page sent them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.auth.cookies import CSRF, set_cookie
from api.auth.csrf import (
    FORM_LIFE,
    csrf_token_holds,
    form_token_holds,
    make_csrf_token,
    make_form_token,
    sent_by_own_page,
)
from api.kit.secrets import random_url_token

SECRET = b"s" * 32
SESSION = random_url_token()
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OWN = "https://ssl.example.com"


def test_the_token_fits_the_registered_cookie_and_belongs_to_one_session() -> None:
    csrf_token = make_csrf_token(SECRET, SESSION)
    assert set_cookie(CSRF, csrf_token)
    assert csrf_token_holds(SECRET, SESSION, cookie=csrf_token, sent=csrf_token)
    assert not csrf_token_holds(SECRET, random_url_token(), cookie=csrf_token, sent=csrf_token)
    assert not csrf_token_holds(b"t" * 32, SESSION, cookie=csrf_token, sent=csrf_token)
    assert not csrf_token_holds(SECRET, "", cookie=csrf_token, sent=csrf_token)
    assert make_csrf_token(SECRET, SESSION) != csrf_token


@pytest.mark.parametrize("sent", [None, "", "x", "a.b", "\ud800.x", "."])
def test_a_missing_or_foreign_token_does_not_hold(sent: str | None) -> None:
    csrf_token = make_csrf_token(SECRET, SESSION)
    assert not csrf_token_holds(SECRET, SESSION, cookie=csrf_token, sent=sent)
    assert not csrf_token_holds(SECRET, SESSION, cookie=sent, sent=csrf_token)
    assert not csrf_token_holds(SECRET, SESSION, cookie=sent, sent=sent)
    assert not form_token_holds(SECRET, "sign-in", sent, NOW)


@pytest.mark.clause("5.2-a")
def test_a_form_token_works_without_cookies_for_its_form_and_time_only() -> None:
    form_token = make_form_token(SECRET, "sign-in", NOW)
    assert form_token_holds(SECRET, "sign-in", form_token, NOW)
    assert form_token_holds(SECRET, "sign-in", form_token, NOW + FORM_LIFE)
    assert not form_token_holds(SECRET, "sign-in", form_token, NOW + FORM_LIFE + timedelta(seconds=1))
    assert not form_token_holds(SECRET, "sign-in", form_token, NOW - timedelta(hours=1))
    assert not form_token_holds(SECRET, "sign-up", form_token, NOW)
    assert not csrf_token_holds(SECRET, "sign-in", cookie=form_token, sent=form_token)


@pytest.mark.parametrize(
    ("origin", "site", "own"),
    [
        (OWN, "same-origin", True),
        ("https://app.partner.example", None, True),
        ("https://evil.example", "cross-site", False),
        ("https://evil.example", "same-origin", False),
        ("null", None, False),
        ("http://ssl.example.com", None, False),
        (f"{OWN}.evil.example", None, False),
        (None, "cross-site", False),
        (None, "same-site", False),
        (None, "same-origin", True),
        (None, "none", True),
        (None, None, True),
    ],
)
def test_what_the_browser_says_of_the_sender(origin: str | None, site: str | None, own: bool) -> None:
    allowed = ["https://app.partner.example"]
    assert sent_by_own_page(own_origin=OWN, allowed_origins=allowed, origin=origin, sec_fetch_site=site) is own
