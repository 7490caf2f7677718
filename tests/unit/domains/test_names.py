"""What people type becomes one spelling of a name, or a refusal that says what to type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domains.errors import DomainRefused
from api.domains.names import parse_domain
from api.issuance.names import check_dns_name


@pytest.mark.parametrize(
    ("typed", "stored", "shown"),
    [
        ("shop.a1-soft.com", "shop.a1-soft.com", "shop.a1-soft.com"),
        (" Shop.A1-Soft.COM. ", "shop.a1-soft.com", "shop.a1-soft.com"),
        ("*.a1-soft.com", "*.a1-soft.com", "*.a1-soft.com"),
        ("Bücher.de", "xn--bcher-kva.de", "bücher.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de", "bücher.de"),
        ("XN--BCHER-KVA.DE", "xn--bcher-kva.de", "bücher.de"),
        ("*.Bu\u0308cher.de", "*.xn--bcher-kva.de", "*.bücher.de"),
        ("straße.de", "xn--strae-oqa.de", "straße.de"),
        ("a。com", "a.com", "a.com"),
        ("\uff41\uff42.com", "ab.com", "ab.com"),
        ("مثال.com", "xn--mgbh0fb.com", "مثال.com"),
        ("me.github.io", "me.github.io", "me.github.io"),
        ("city.kawasaki.jp", "city.kawasaki.jp", "city.kawasaki.jp"),
        ("مثال.إختبار.com", "xn--mgbh0fb.xn--kgbechtv.com", "مثال.إختبار.com"),
    ],
)
def test_one_spelling_is_stored(typed: str, stored: str, shown: str) -> None:
    if typed == "city.kawasaki.jp":
        with pytest.raises(DomainRefused):
            parse_domain("other.kawasaki.jp")
    name = parse_domain(typed)
    assert (name.ascii, name.unicode, name.wildcard) == (stored, shown, stored.startswith("*."))
    assert parse_domain(name.unicode) == parse_domain(name.ascii) == name


REFUSED = {
    "url": ["https://shop.a1-soft.com/", "//shop.a1-soft.com", "HTTPS://x.com:8443"],
    "port": ["shop.a1-soft.com:443", "shop.a1-soft.com:"],
    "path": ["shop.a1-soft.com/path", "shop.a1-soft.com?x", "shop.a1-soft.com#x", "shop\\x.com"],
    "mail-address": ["me@a1-soft.com"],
    "one-name": ["a.com b.com", "a.com,b.com", "a.com;b.com"],
    "ip-address": [
        "192.0.2.1",
        "192.0.2.1.",
        "::1",
        "[::1]",
        "[::1]:443",
        "3232235777",
        "0x7f000001",
        "127.1",
        "0300.1",
        "\uff11.2.3.4",
    ],
    "empty-name": ["", "   ", "\n"],
    "empty-label": [".a1-soft.com", "a..com", "a.com..", "."],
    "label-too-long": ["a" * 64 + ".com"],
    "name-too-long": [".".join(["a" * 60] * 5) + ".com", "a" * 100_000],
    "too-many-labels": [".".join(["a"] * 11) + ".com"],
    "underscore": ["_acme-challenge.a1-soft.com", "a_b.com"],
    "hyphen": ["-a.com", "a-.com", "xn--.com"],
    "idna": [
        "ab--cd.com",
        "xn--a.com",
        "xn--bcher-kva\u00fc.de",
        "i\u2665ny.com",
        "%2e.com",
        "a!.com",
        "ü" * 60 + ".com",
    ],
    "direction": ["\u0660.com", "aא.com"],
    "control-character": ["a\x00.com", "a\u200b.com", "a\u202e.com", "\ud800.com", "a\u00ad.com", "a\x7f.com"],
    "double-wildcard": ["*.*.com"],
    "wildcard-position": ["*", "*.", "*a.com", "a*.com", "a.*.com"],
    "public-suffix": ["com", "co.uk", "*.com", "*.co.uk", "github.io", "kawasaki.jp", "рф"],
    "unknown-suffix": ["shop.notatld", "intranet", "a.corp", "*.lan"],
    "reserved-name": [
        "localhost",
        "a.localhost",
        "a.test",
        "a.example",
        "a.invalid",
        "a.local",
        "a.onion",
        "a.internal",
        "a.alt",
        "home.arpa",
        "a.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "example.com",
        "*.example.org",
        "www.example.net",
    ],
}


@pytest.mark.parametrize(("rule", "typed"), [(rule, typed) for rule, names in REFUSED.items() for typed in names])
def test_refusals_name_their_rule_and_repeat_nothing(rule: str, typed: str) -> None:
    with pytest.raises(DomainRefused) as refused:
        parse_domain(typed)
    assert (refused.value.code, refused.value.rule, refused.value.field) == ("DOMAIN_REFUSED", rule, ("name",))
    assert len(typed) < 12 or typed not in refused.value.message
    assert refused.value.message.endswith("Nothing was added.")


@pytest.mark.parametrize(
    "typed", ["shop.test", "*.shop.test", "a.example", "a.localhost", "shop.internal", "example.com", "*.example.net"]
)
def test_reserved_names_for_tests_where_allowed(typed: str) -> None:
    assert parse_domain(typed, allow_reserved_names=True).ascii == typed


@pytest.mark.parametrize(
    "typed", ["localhost", "test", "a.local", "a.onion", "a.notatld", "com", "a_b.test", "1.2.3.4", "*.*.test"]
)
def test_allowing_reserved_names_allows_nothing_else(typed: str) -> None:
    with pytest.raises(DomainRefused):
        parse_domain(typed, allow_reserved_names=True)


def test_homographs_are_hinted_at() -> None:
    mixed = parse_domain("p\u0430ypal.com")
    assert [hint.rule for hint in mixed.hints] == ["mixed-script"]
    whole = parse_domain("\u0430\u0440\u0440\u04cf\u0435.com")
    assert [hint.rule for hint in whole.hints] == ["looks-latin"]
    assert parse_domain("яблоко.com").hints == ()


@given(st.text(max_size=80), st.sampled_from(["", ".com", ".co.uk", ".test"]), st.booleans())
def test_any_text_is_a_certifiable_name_or_refused(typed: str, ending: str, allow: bool) -> None:
    try:
        name = parse_domain(typed + ending, allow_reserved_names=allow)
    except DomainRefused:
        return
    check_dns_name(name.ascii)
    assert parse_domain(name.unicode, allow_reserved_names=allow).ascii == name.ascii
