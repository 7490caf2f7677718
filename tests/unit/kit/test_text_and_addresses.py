"""Truncated addresses, scripts, single lines, and the small secrets."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.kit.addresses import source_network, truncate_address
from api.kit.scripts import imitates_latin, mixes_scripts
from api.kit.secrets import constant_time_equal, hash_secret, random_url_token
from api.kit.text import line_fault, tidy_line


@pytest.mark.clause("1.4-a")
@pytest.mark.parametrize(
    ("address", "logged", "source"),
    [
        ("203.0.113.77", "203.0.113.0/24", "203.0.113.77/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24", "203.0.113.77/32"),
        ("fe80::1%eth0", "fe80::/48", "fe80::/64"),
        ("unix:", "", ""),
        ("", "", ""),
        ("203.0.113.77, 10.0.0.1", "", ""),
    ],
)
def test_addresses_are_truncated(address: str, logged: str, source: str) -> None:
    assert truncate_address(address) == logged
    assert source_network(address) == source


@given(st.ip_addresses())
def test_no_whole_address_survives(address: object) -> None:
    assert truncate_address(str(address)).partition("/")[2] in {"24", "48"}


def test_scripts() -> None:
    assert mixes_scripts("p\u0430ypal")
    assert not mixes_scripts("paypal-24")
    assert not mixes_scripts("東京ラーメンabc")
    assert not mixes_scripts("مثال٣")
    assert imitates_latin("\u0430\u0440\u0440\u04cf\u0435")
    assert not imitates_latin("яблоко")
    assert not imitates_latin("123")


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\u202eb", "a\u2066b", "a\ufeffb", "\ud800", "a\u2028b", "\u0378"])
def test_deceptive_lines_are_found(text: str) -> None:
    fault = line_fault(text, longest=80)
    assert fault is not None
    assert fault.rule == "control-character"


def test_lines() -> None:
    assert tidy_line("  Ju\u0308rgen   A  ") == "Jürgen A"
    assert line_fault("\u0633\u0627\u0631\u0629\u200c \u200d\u0627\u0644", longest=80) is None
    assert line_fault("👩\u200d💻", longest=80) is None
    too_long = line_fault("a" * 81, longest=80)
    assert too_long is not None
    assert too_long.rule == "too-long"


def test_random_secrets() -> None:
    assert len(random_url_token()) == 43
    assert random_url_token() != random_url_token()
    assert hash_secret("abc") == hashlib.sha256(b"abc").digest()
    assert constant_time_equal("a", b"a")
    assert not constant_time_equal("é", "e")
