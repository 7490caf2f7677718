"""The small parts: paths, moments, preferences, fields, outcomes, names of browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from api.auth.cookies import PREFERENCES
from api.pages.account.browsers import browser_name
from api.pages.account.choices import country_choices, language_choices, time_zone_choices
from api.pages.forms import Fields, Form, read_fields, sent_by_us
from api.pages.moments import Moments
from api.pages.outcome import PageStopped, Refusal, read_outcome
from api.pages.paths import own_path
from api.pages.preferences import Preferences

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OWN = "https://certificates.example"


@pytest.mark.parametrize("path", ["/account", "/account/domains", "/account/orders/AwGi_-x", "/staff"])
def test_own_paths_are_followed(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "//x.example",
        "/\\x",
        "https://x.example/account",
        "/account//x",
        "/accounts",
        "/graphql",
        "/account\n",
        "/a",
    ],
)
def test_other_paths_are_not(path: str) -> None:
    assert own_path(path) == "/account"


def test_moments_are_relative_and_absolute_in_the_readers_zone() -> None:
    moments = Moments(NOON, "Asia/Kuwait")
    assert moments.absolute("2026-12-12T11:03:00+00:00") == "12 Dec 2026, 14:03 (Asia/Kuwait)"
    assert moments.relative((NOON + timedelta(hours=3)).isoformat()) == "in 3 hours"
    assert moments.relative((NOON - timedelta(days=2)).isoformat()) == "2 days ago"
    assert moments.days_until((NOON + timedelta(days=62, hours=1)).isoformat()) == 62
    assert moments.share_left(NOON.isoformat(), (NOON + timedelta(days=1)).isoformat()) == 1.0


def test_an_unknown_zone_is_taken_for_utc() -> None:
    assert Moments(NOON, "../etc/passwd").absolute(NOON.isoformat()).endswith("(UTC)")


def test_preferences_survive_their_cookie_and_bad_ones_do_not() -> None:
    cookie = Preferences("ar", "dark").cookie()
    assert Preferences.read(cookie.partition(";")[0]) == Preferences("ar", "dark")
    assert Preferences.read(f"{PREFERENCES}=mode=<script>") == Preferences()
    assert Preferences.read(f"{PREFERENCES}=mode=purple") == Preferences()


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"origin": OWN}, True),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "null"}, False),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_what_the_browser_says_of_the_sender(headers: dict[str, str], ours: bool) -> None:
    assert sent_by_us(headers, OWN) is ours


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), 100_000):
        yield body[begin : begin + 100_000]


async def test_a_form_is_read_with_its_repeated_and_empty_fields() -> None:
    fields = await read_fields("application/x-www-form-urlencoded; charset=utf-8", _chunks(b"a=1&a=2&b=&c=%C3%BC+x"))
    assert (fields.all("a"), fields.text("b"), fields.checked("b"), fields.text("c")) == (["1", "2"], "", True, "ü x")


@pytest.mark.parametrize(
    "body", [b"a=%ff", b"a=%00", b"a=\xc3\xbc", b"&".join([b"a=1"] * 300), b"a=" + b"x" * (2 << 20)]
)
async def test_what_cannot_be_stored_or_is_too_much_is_refused(body: bytes) -> None:
    with pytest.raises(PageStopped):
        await read_fields("application/x-www-form-urlencoded", _chunks(body))


def test_a_form_that_was_sent_shows_what_was_typed() -> None:
    form = Form(Fields({"name": ["x"]}), (Refusal("A", "no", "name"),), sent=True)
    assert (form.value("name", "old"), form.value("other", "old"), form.ticked("box", True)) == ("x", "", False)
    assert Form().value("name", "old") == "old"
    assert form.problem("name") == form.refusals[0]


def test_refusals_are_read_from_payloads_and_from_answers() -> None:
    payload = {"errors": [{"__typename": "Conflict", "code": "A", "message": "m", "field": ["x"], "retryAt": None}]}
    outcome = read_outcome({"data": {"do": payload}})
    assert (outcome.status, outcome.refusals[0].field) == (409, "x")
    outcome = read_outcome({"errors": [{"message": "m", "extensions": {"code": "PRIVATE_KEY_REFUSED"}}]})
    assert outcome.status == 422


@pytest.mark.parametrize("code", ["AUDIT_UNAVAILABLE", "INTERNAL", "SIGN_IN_REQUIRED"])
def test_a_fault_stops_the_page(code: str) -> None:
    with pytest.raises(PageStopped):
        read_outcome({"data": None, "errors": [{"message": "m", "extensions": {"code": code}}]})


def test_browsers_are_named_in_two_words() -> None:
    assert browser_name("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0") == "Firefox, Linux"
    assert browser_name("sslm-agent/0.1") == "sslm-agent/0.1"
    assert browser_name("") == ""


def test_choices_are_offered_in_order() -> None:
    assert ("KW", "Kuwait") in country_choices("en")
    assert language_choices()[0] == ("en", "English")
    assert time_zone_choices()[0] == ("UTC", ("UTC",))
