"""One-time codes: the vectors of RFC 6238, drift, and no second use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from api.auth.one_time_codes import accepted_step, current_code, new_one_time_secret, setup_uri

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 23, 12, 0, 15, tzinfo=UTC)
STEP = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
    ],
)
def test_the_vectors_of_the_rfc(seconds: int, eight_digits: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert current_code(SECRET, at) == eight_digits[2:]
    assert accepted_step(SECRET, eight_digits[2:], at, last_step=None) == seconds // 30


def test_one_step_of_drift_and_no_more() -> None:
    for steps, accepted in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = current_code(SECRET, NOW + steps * STEP)
        assert (accepted_step(SECRET, code, NOW, last_step=None) is not None) is accepted


def test_a_code_is_accepted_once() -> None:
    code = current_code(SECRET, NOW)
    step = accepted_step(SECRET, code, NOW, last_step=None)
    assert step is not None
    assert accepted_step(SECRET, code, NOW, last_step=step) is None
    assert accepted_step(SECRET, current_code(SECRET, NOW - STEP), NOW, last_step=step) is None
    assert accepted_step(SECRET, current_code(SECRET, NOW + STEP), NOW, last_step=step) == step + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00" * 6, "x" * 100_000])
def test_odd_codes_match_nothing(code: str) -> None:
    assert accepted_step(SECRET, code, NOW, last_step=None) is None


def test_a_code_typed_in_groups_is_read() -> None:
    code = current_code(SECRET, NOW)
    assert accepted_step(SECRET, f" {code[:3]} {code[3:]} ", NOW, last_step=None) is not None


def test_the_address_for_authenticator_apps() -> None:
    assert len(new_one_time_secret()) == 20
    uri = urlsplit(setup_uri(SECRET, account="officer@example.com", issuer="SSL Certificate Manager"))
    query = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert query["secret"] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert (query["digits"], query["period"], query["algorithm"]) == (["6"], ["30"], ["SHA1"])
