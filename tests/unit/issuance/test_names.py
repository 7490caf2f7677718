"""Each rule about names, by a name that breaks it and by one that just does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.issuance.errors import NameRefused
from api.issuance.names import check_dns_name, check_issuable_name, registered_domain

LABEL_63 = "a" * 63

REFUSED = [
    ("", "empty-name"),
    ("münchen.de", "unicode-label"),
    ("exa\u212aple.com", "unicode-label"),
    ("a\0b.example.com", "control-character"),
    ("example.com\n", "control-character"),
    ("Example.com", "upper-case"),
    ("a.*.example.com", "wildcard-position"),
    ("*a.example.com", "wildcard-position"),
    ("*", "wildcard-position"),
    ("*.*.example.com", "double-wildcard"),
    ("192.0.2.7", "ip-address"),
    ("2001:db8::1", "ip-address"),
    ("[2001:db8::1]", "ip-address"),
    ("*.192.0.2.7", "ip-address"),
    ("example.com.", "trailing-dot"),
    ("*.", "trailing-dot"),
    (".".join([LABEL_63] * 4), "name-too-long"),
    ("a.b.c.d.e.f.g.h.i.example.com", "too-many-labels"),
    ("a..example.com", "empty-label"),
    (".example.com", "empty-label"),
    ("a" * 64 + ".com", "label-too-long"),
    ("https://example.com", "character"),
    ("example.com:443", "character"),
    ("example.com/path", "character"),
    ("user@example.com", "character"),
    ("under_score.example.com", "character"),
    ("exam ple.com", "character"),
    ("-a.example.com", "hyphen"),
    ("a-.example.com", "hyphen"),
    ("ab--cd.example.com", "reserved-label"),
    ("xn--a.example.com", "punycode"),
    ("xn--.example.com", "hyphen"),
    ("xn--zzzzzz.com", "punycode"),
    ("xn--ls8h.com", "punycode"),
    ("localhost", "reserved-name"),
    ("printer.local", "reserved-name"),
    ("host.test", "reserved-name"),
    ("host.invalid", "reserved-name"),
    ("hidden.onion", "reserved-name"),
    ("7.2.0.192.in-addr.arpa", "reserved-name"),
    ("host.corp", "unknown-suffix"),
    ("intranet", "unknown-suffix"),
    ("com", "public-suffix"),
    ("co.uk", "public-suffix"),
    ("*.com", "public-suffix"),
    ("*.co.uk", "public-suffix"),
    ("github.io", "public-suffix"),
    ("xn--fiqs8s", "public-suffix"),
]

ACCEPTED = [
    "example.com",
    "*.example.com",
    "a.b.c.d.e.f.g.h.example.com",
    LABEL_63 + ".com",
    "xn--mnchen-3ya.de",
    "*.xn--mnchen-3ya.de",
    "someone.github.io",
    "a--b.example.com",
    "1.example.com",
    "www.ck",
]


@pytest.mark.parametrize(("name", "rule"), REFUSED)
def test_a_name_is_refused_by_the_rule_it_breaks(name: str, rule: str) -> None:
    with pytest.raises(NameRefused) as refused:
        check_issuable_name(name)
    assert refused.value.rule == rule
    assert refused.value.code == "NAME_REFUSED"
    assert len(name) < 4 or name not in refused.value.message


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_good_name_passes(name: str) -> None:
    check_issuable_name(name)


def test_the_form_alone_knows_no_suffixes() -> None:
    check_dns_name("host.internal-network")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("*.example.com", "example.com"),
        ("x.someone.github.io", "someone.github.io"),
        ("github.io", "github.io"),
    ],
)
def test_the_registered_domain_is_counted_as_authorities_do(name: str, domain: str) -> None:
    assert registered_domain(name) == domain


@given(st.text(max_size=300))
def test_any_text_is_accepted_or_refused_with_a_rule(text: str) -> None:
    try:
        check_issuable_name(text)
    except NameRefused as refused:
        rule = refused.rule
    else:
        rule = "none broken"
    assert rule
