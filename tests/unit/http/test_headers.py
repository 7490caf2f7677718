"""Media types by their exact names, other origins only from the list, and addresses that a caller cannot choose."""

from __future__ import annotations

from typing import Any

import pytest

from api.http.cors import Cors
from api.http.errors import MediaTypeNotSupported, NotAcceptable
from api.http.media import GRAPHQL_JSON, JSON, check_content_type, choose
from api.http.origin import Origins, canonical, headers_of
from governance.clock import SystemClock


@pytest.mark.parametrize(
    "value",
    ["application/json", "Application/JSON", "application/json;charset=utf-8", 'application/json; charset="UTF-8"'],
)
def test_json_is_taken(value: str) -> None:
    check_content_type(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text/plain",
        "text/application/json",
        "application/jsonp",
        "application/graphql",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=application/json",
        "application/x-www-form-urlencoded",
    ],
)
def test_nothing_else_is_taken(value: str) -> None:
    with pytest.raises(MediaTypeNotSupported) as refused:
        check_content_type(value)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON),
        (f"{JSON};q=0.9, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL_JSON};q=0, */*;q=0.1", JSON),
        ("text/event-stream, application/json", JSON),
        (f"{GRAPHQL_JSON}; charset=utf-8", GRAPHQL_JSON),
    ],
)
def test_the_answer_has_the_type_that_is_liked_best(accept: str, media: str) -> None:
    assert choose(accept) == media


@pytest.mark.parametrize("accept", ["text/html", f"{JSON};q=0", f"{JSON};q=much", f"{JSON};charset=utf-16", ",;,"])
def test_no_common_type_is_said(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        choose(accept)
    assert refused.value.status == 406


def test_other_origins_come_from_the_list() -> None:
    cors = Cors(frozenset({"https://app.example"}))
    allowed = dict(cors.headers({"origin": "https://app.example"}))
    assert allowed["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-methods" in dict(cors.preflight({"origin": "https://app.example"}))
    for origin in ("https://app.example.evil.example", "https://APP.example", "null", "", "http://app.example"):
        assert cors.headers({"origin": origin}) == []
        assert [name for name, _ in cors.preflight({"origin": origin})] == ["allow"]


def address(peer: str | None, forwarded: str | None = None, *trusted: str) -> str:
    headers = {"x-forwarded-for": forwarded} if forwarded is not None else {}
    scope: dict[str, Any] = {"client": (peer, 1) if peer is not None else None}
    return Origins(trusted, SystemClock()).of(scope, headers).address


def test_a_caller_cannot_choose_an_address() -> None:
    assert address("203.0.113.9", "198.51.100.1") == "203.0.113.9"
    assert address("203.0.113.9", "198.51.100.1", "10.0.0.1") == "203.0.113.9"
    assert address("10.0.0.1", "198.51.100.1, 203.0.113.9", "10.0.0.1") == "203.0.113.9"
    assert address("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "10.0.0.1", "10.0.0.2") == "203.0.113.9"


def test_one_address_has_one_spelling() -> None:
    assert address("::ffff:10.0.0.1", "203.0.113.9", "10.0.0.1") == "203.0.113.9"
    assert address("2001:DB8:0::1", "2001:db8::5", "2001:db8::1") == "2001:db8::5"
    assert canonical("fe80::1%eth0") == "fe80::1"


def test_what_is_no_address_is_nothing() -> None:
    assert address(None) == ""
    assert address("/run/socket") == ""
    assert address("10.0.0.1", "<script>", "10.0.0.1") == ""
    assert address("10.0.0.1", "10.0.0.1", "10.0.0.1") == "10.0.0.1"


def test_an_untrusted_list_entry_that_is_no_address_trusts_nobody() -> None:
    assert address("testclient", "203.0.113.9", "testclient", "") == ""


def test_several_headers_of_one_name_are_joined() -> None:
    raw = [(b"Cookie", b"a=1"), (b"cookie", b"b=2"), (b"X-Forwarded-For", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")]
    assert headers_of({"headers": raw}) == {"cookie": "a=1; b=2", "x-forwarded-for": "1.1.1.1, 2.2.2.2"}


def test_a_user_agent_is_cut_and_made_printable() -> None:
    headers = {"user-agent": "a\x00b\r\n\x1b[31m" + "c" * 400}
    agent = Origins((), SystemClock()).of({"client": None}, headers).user_agent
    assert (agent[:7], len(agent), agent.isprintable()) == ("ab[31mc", 300, True)
