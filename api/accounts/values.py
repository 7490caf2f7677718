"""What people tell of themselves, each checked once and brought into the one form that is stored.

The rule: a value is either accepted whole or refused with the rule it breaks; no message repeats it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from ipaddress import ip_address
from typing import Final
from zoneinfo import available_timezones

import idna
from babel import Locale

from api.accounts.errors import AddressRefused, SettingRefused
from api.kit.scripts import mixes_scripts
from api.kit.text import line_fault, tidy_line

LANGUAGES: Final = ("en", "ar")
DISPLAY_NAME_LENGTH: Final = 80
COMPANY_NAME_LENGTH: Final = 120
LABEL_LENGTH: Final = 80
ADDRESS_LENGTH: Final = 254  # RFC 5321 section 4.5.3.1.3, less the brackets
LOCAL_PART_LENGTH: Final = 64

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LANGUAGE_TAG = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9]{1,8})*")
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# Codes that the locale data names although ISO 3166-1 has not assigned them.
_NOT_COUNTRIES: Final = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
)


class DisplayMode(StrEnum):
    """How pages look."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address: `text` is written to, `key` is compared (lower case); both have the domain as A-labels."""

    text: str
    key: str


def parse_address(typed: str, *, field: str = "email") -> MailAddress:
    """Read an e-mail address (RFC 5321 dot-atom, domain by IDNA 2008), or raise `AddressRefused`."""
    text = typed.strip(" \t")
    fault = _address_fault(text)
    if fault:
        raise AddressRefused(fault[1], rule=fault[0], field=(field,))
    local_part, _, domain = text.rpartition("@")
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None:
        raise AddressRefused("What follows the @ is not a domain that mail can reach.", rule="domain", field=(field,))
    address = f"{local_part}@{ascii_domain}"
    if len(address) > ADDRESS_LENGTH:
        raise AddressRefused(f"An address has at most {ADDRESS_LENGTH} characters.", rule="too-long", field=(field,))
    return MailAddress(address, address.lower())


def parse_language(tag: str) -> str:
    """Return the supported language that a BCP 47 tag asks for: `ar-KW` gives `ar`."""
    found = _LANGUAGE_TAG.fullmatch(tag)
    language = found[1].lower() if found else ""
    if language not in LANGUAGES:
        raise SettingRefused(f"Choose one of: {', '.join(LANGUAGES)}.", rule="language", field=("language",))
    return language


def parse_time_zone(name: str) -> str:
    """Return the name of a zone of the IANA database."""
    if name not in _time_zones():
        raise SettingRefused("Write the zone as Asia/Kuwait or UTC.", rule="time-zone", field=("timeZone",))
    return name


def parse_display_mode(name: str) -> DisplayMode:
    """Return one of the three display modes."""
    try:
        return DisplayMode(name.lower())
    except ValueError:
        raise SettingRefused("Choose system, light or dark.", rule="display-mode", field=("displayMode",)) from None


def parse_country(code: str | None) -> str | None:
    """Return an ISO 3166-1 code in capitals; None and an empty text mean that the person does not say."""
    if not code:
        return None
    if code.upper() not in countries():
        raise SettingRefused("Write the two-letter code, such as KW or DE.", rule="country", field=("country",))
    return code.upper()


def parse_display_name(typed: str | None) -> str | None:
    """Return a name of at most 80 characters; None if empty."""
    return parse_line(typed, field="displayName", longest=DISPLAY_NAME_LENGTH)


def parse_company_name(typed: str | None) -> str | None:
    """Return a company's name of at most 120 characters; None if empty."""
    return parse_line(typed, field="companyName", longest=COMPANY_NAME_LENGTH)


def parse_line(typed: str | None, *, field: str, longest: int = LABEL_LENGTH) -> str | None:
    """Return one tidy line without deceptive characters, or None if nothing is left; raise `SettingRefused`."""
    text = tidy_line(typed or "")
    fault = line_fault(text, longest=longest)
    if fault:
        raise SettingRefused(fault.message, rule=fault.rule, field=(field,))
    return text or None


@cache
def countries() -> frozenset[str]:
    """Return the assigned codes of ISO 3166-1."""
    codes = frozenset(str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NOT_COUNTRIES  # noqa: PLR2004


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if name not in {"Factory", "localtime"})


def _address_fault(text: str) -> tuple[str, str] | None:
    local_part, at, domain = text.rpartition("@")
    fault = line_fault(text, longest=ADDRESS_LENGTH)
    if fault:
        return fault.rule, fault.message
    if any(character in "<>,;" for character in text):
        return "one-address", "Write the address alone, without a name around it."
    if not at or not local_part or not domain:
        return "at-sign", "An address has the form name@example.com."
    if any(mixes_scripts(label) for label in domain.split(".")):
        return "mixed-script", "The domain mixes letters of several scripts, as deceptive addresses do."
    return _local_part_fault(local_part)


def _local_part_fault(local_part: str) -> tuple[str, str] | None:
    if not local_part.isascii():
        rule = "mixed-script" if mixes_scripts(local_part) else "non-ascii-local-part"
        return rule, "Before the @ only letters a to z, digits and common signs can be written to."
    if len(local_part) > LOCAL_PART_LENGTH or not _LOCAL_PART.fullmatch(local_part):
        return "local-part", "What stands before the @ is not a mailbox name: no spaces, quotes or doubled dots."
    return None


def _ascii_domain(domain: str) -> str | None:
    """Return the domain as A-labels; None for addresses, single labels and what IDNA 2008 refuses."""
    try:
        name = idna.encode(domain, uts46=True, std3_rules=True).decode().lower()
    except UnicodeError:
        return None
    labels = name.split(".")
    if len(labels) < 2 or not all(_HOST_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004
        return None
    return None if labels[-1].isdigit() or _is_ip_address(name) else name


def _is_ip_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
