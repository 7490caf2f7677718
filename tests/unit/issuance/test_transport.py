"""What may be sent where, and what may be read; no network needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.issuance.errors import CaUnreachable
from api.issuance.nonces import CAPACITY, LIFETIME, NoncePool
from api.issuance.transport import Origin
from api.issuance.wire import AuthorizationDocument, OrderDocument, authorization_from, decode

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ORIGIN = Origin("https://ca.example.com/directory")


@pytest.mark.parametrize("url", ["https://ca.example.com/acme/order/1", "https://ca.example.com:443/x?y=%20"])
def test_the_authoritys_own_urls_pass(url: str) -> None:
    assert ORIGIN.check(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://ca.example.com/x",
        "https://ca.example.com:8443/x",
        "https://ca.example.com",
        "https://ca.example.com.evil.example/x",
        "https://ca.example.com@evil.example/x",
        "https://ca.example.com:443@evil.example/x",
        "https://evil.example/https://ca.example.com/",
        "//ca.example.com/x",
        "/x",
        "https://ca.example.com\\@evil.example/x",
        "https://ca.example.com/x y",
        "https://ca.example.com/x\r\nHost: evil.example",
        "https://ca.example.com/" + "x" * 3000,
        "https://127.0.0.1/x",
        "file:///etc/passwd",
        "https://ca.example.com/é",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(CaUnreachable) as refused:
        ORIGIN.check(url)
    assert refused.value.problem is not None
    assert refused.value.problem.name == "foreign-url"


@pytest.mark.parametrize("url", ["ftp://ca.example.com/", "https://", "https://user@ca.example.com/", "directory"])
def test_a_directory_url_must_name_a_host(url: str) -> None:
    with pytest.raises(ValueError, match="directory"):
        Origin(url)


def test_nonces_are_used_once_newest_first_and_not_when_old() -> None:
    pool = NoncePool()
    for number in range(CAPACITY + 5):
        assert pool.keep(f"nonce{number}", NOW) == f"nonce{number}"
    assert pool.take(NOW) == f"nonce{CAPACITY + 4}"
    assert pool.take(NOW) == f"nonce{CAPACITY + 3}"
    assert pool.take(NOW + LIFETIME + timedelta(seconds=1)) is None
    assert pool.take(NOW) is None


@pytest.mark.parametrize("nonce", [None, "", "with space", 'quote"', "x" * 513])
def test_what_is_no_nonce_is_dropped(nonce: str | None) -> None:
    assert NoncePool().keep(nonce, NOW) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"<html>",
        b"{}",
        b"[" * 200_000,
        b'{"a":' * 40_000,
        b'{"status":1,"finalize":"x","authorizations":[]}',
        b'{"status":"pending","finalize":"x","authorizations":"x"}',
        b'{"status":"pending","finalize":"x","authorizations":[1]}',
        b'{"status":"pending","finalize":"x","authorizations":[],"expires":"tomorrow"}',
        b'{"status":"pending","finalize":"x","authorizations":[],"expires":"2026-01-01T00:00:00"}',
        b'{"status":"pending","finalize":"x","authorizations":[],"error":"no"}',
        b'\xff\xfe{"status"',
        b'{"status":"' + b"x" * 100_000 + b'","finalize":"x","authorizations":[]}',
    ],
)
def test_hostile_json_is_refused_whole(body: bytes) -> None:
    with pytest.raises(CaUnreachable) as refused:
        decode(body, OrderDocument)
    assert refused.value.problem is not None
    assert refused.value.problem.name == "protocol"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(CaUnreachable):
        decode(body, OrderDocument)


def _authorization(**challenge: object) -> AuthorizationDocument:
    offered = {"type": "http-01", "url": "https://ca.example.com/c", "status": "pending", "token": "A" * 43} | challenge
    document = {"identifier": {"type": "dns", "value": "Example.com"}, "status": "pending", "challenges": [offered]}
    return decode(msgspec.json.encode(document), AuthorizationDocument)


def test_an_authorization_is_read() -> None:
    seen = authorization_from(_authorization(), "https://ca.example.com/a", ORIGIN)
    assert (seen.name, seen.status, len(seen.challenges)) == ("example.com", "pending", 1)
    assert authorization_from(_authorization(type="dns-persist-01", token=None), "u", ORIGIN).challenges == ()


@pytest.mark.parametrize(
    "value", [None, "", "short", "../../../etc/passwd/aaaaaaaaaa", "a" * 42 + "/", "a" * 300, "a" * 42 + "\n"]
)
def test_a_challenge_token_that_is_no_file_name_is_refused(value: str | None) -> None:
    with pytest.raises(CaUnreachable):
        authorization_from(_authorization(token=value), "u", ORIGIN)


def test_a_challenge_of_another_host_is_refused() -> None:
    with pytest.raises(CaUnreachable):
        authorization_from(_authorization(url="https://evil.example/c"), "u", ORIGIN)
