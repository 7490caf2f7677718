"""What people tell of themselves: one stored form, or a refusal that names the rule and repeats nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.accounts.errors import AddressRefused, SettingRefused
from api.accounts.values import (
    DisplayMode,
    countries,
    parse_address,
    parse_company_name,
    parse_country,
    parse_display_mode,
    parse_display_name,
    parse_language,
    parse_time_zone,
)


@pytest.mark.parametrize(
    ("typed", "text", "key"),
    [
        ("sara@example.com", "sara@example.com", "sara@example.com"),
        (" Sara.Ali+ssl@Example.COM ", "Sara.Ali+ssl@example.com", "sara.ali+ssl@example.com"),
        ("info@Bücher.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example"),
        ("a@مثال.example", "a@xn--mgbh0fb.example", "a@xn--mgbh0fb.example"),
        ("o'brien_{x}@sub.example.co.uk", "o'brien_{x}@sub.example.co.uk", "o'brien_{x}@sub.example.co.uk"),
    ],
)
def test_addresses_get_one_form(typed: str, text: str, key: str) -> None:
    address = parse_address(typed)
    assert (address.text, address.key) == (text, key)
    assert parse_address(address.text) == address


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("", "at-sign"),
        ("sara", "at-sign"),
        ("@example.com", "at-sign"),
        ("sara@", "at-sign"),
        ("Sara <sara@example.com>", "one-address"),
        ("a@example.com,b@example.com", "one-address"),
        ("a@b@example.com", "local-part"),
        ("sara ali@example.com", "local-part"),
        ('"sara"@example.com', "local-part"),
        (".sara@example.com", "local-part"),
        ("sa..ra@example.com", "local-part"),
        ("s" * 65 + "@example.com", "local-part"),
        ("sara@localhost", "domain"),
        ("sara@[192.0.2.1]", "domain"),
        ("sara@192.0.2.1", "domain"),
        ("sara@exa_mple.com", "domain"),
        ("sara@-example.com", "domain"),
        ("sara@example..com", "domain"),
        ("sara@" + "a" * 64 + ".com", "domain"),
        ("sara@" + "a." * 125 + "com", "too-long"),
        ("sara@example.com\r\nBcc: x@example.com", "control-character"),
        ("sara\x00@example.com", "control-character"),
        ("sara\u202e@example.com", "control-character"),
        ("s\u0430ra@example.com", "mixed-script"),
        ("\u0441\u0430\u0440\u0430@example.com", "non-ascii-local-part"),
        ("sara@p\u0430ypal.com", "mixed-script"),
        ("\ud800@example.com", "control-character"),
    ],
)
def test_what_is_no_address_is_refused(typed: str, rule: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse_address(typed, field="newEmail")
    assert (refused.value.rule, refused.value.field) == (rule, ("newEmail",))
    assert len(typed) < 13 or typed not in refused.value.message


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused(typed: str) -> None:
    try:
        address = parse_address(typed)
    except AddressRefused:
        return
    assert address.text.isascii()
    assert len(address.text) <= 254
    assert address.key == address.text.lower()


@pytest.mark.clause("8.2-b")
def test_settings() -> None:
    assert [parse_language(tag) for tag in ("en", "EN", "en-GB", "ar", "ar-KW")] == ["en", "en", "en", "ar", "ar"]
    assert parse_time_zone("Asia/Kuwait") == "Asia/Kuwait"
    assert parse_display_mode("DARK") is DisplayMode.DARK
    assert (parse_country("kw"), parse_country("KW"), parse_country(None), parse_country("")) == (
        "KW",
        "KW",
        None,
        None,
    )
    assert parse_display_name("  Sara   Ali ") == "Sara Ali"
    assert parse_display_name(" ") is None
    assert parse_display_name(None) is None
    assert parse_company_name("شركة المثال") == "شركة المثال"
    assert len(countries()) == 249


@pytest.mark.parametrize("tag", ["", "de", "e", "en_US", "english", "en-", "x" * 1000])
def test_unknown_languages(tag: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        parse_language(tag)
    assert (refused.value.rule, refused.value.field) == ("language", ("language",))


@pytest.mark.parametrize("name", ["", "Kuwait City", "../../etc/passwd", "asia/kuwait", "Factory", "localtime", "\x00"])
def test_unknown_time_zones(name: str) -> None:
    with pytest.raises(SettingRefused, match="Asia/Kuwait"):
        parse_time_zone(name)


def test_other_refusals() -> None:
    for code in ("XX", "ZZ", "EU", "KWT", "1", "\ud800"):
        with pytest.raises(SettingRefused):
            parse_country(code)
    with pytest.raises(SettingRefused):
        parse_display_mode("sepia")
    for name in ("a" * 81, "a\x00b", "a\u202eb", "a\nb"):
        with pytest.raises(SettingRefused):
            parse_display_name(name)
    with pytest.raises(SettingRefused):
        parse_company_name("a" * 121)
    assert parse_company_name("a" * 120) == "a" * 120
