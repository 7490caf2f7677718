"""What people type instead of a name: addresses, links, ports, lists. Each is refused with what to type instead.

The rule: no message repeats what was typed.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import ip_address
from typing import Final, NoReturn

from api.domains.errors import DomainRefused

LONGEST_TYPED: Final = 1000

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:?//|//", re.IGNORECASE)
_PORT = re.compile(r":\d{0,5}\Z")
_NUMBER = re.compile(r"0x[0-9a-f]*\Z|\d+\Z", re.IGNORECASE)
_FULL_STOPS = re.compile("[\u3002\uff0e\uff61]")  # UTS 46 reads these as dots
_INVISIBLE: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMAT: Final = frozenset(
    "\u00ad\u200b\u2060\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def refuse(rule: str, message: str) -> NoReturn:
    """Raise the typed refusal."""
    raise DomainRefused(message, rule=rule)


def bare_name(typed: str) -> str:
    """Return what was typed without spaces around it and the dot at its end; refuse what is no name."""
    if len(typed) > LONGEST_TYPED:
        refuse("name-too-long", "A name has at most 253 characters.")
    text = _FULL_STOPS.sub(".", typed.strip(" \t\r\n"))
    if not text:
        refuse("empty-name", "A name is missing; type one such as shop.example.com.")
    _check_characters(text)
    _check_shape(text)
    name = text.removesuffix(".") if len(text) > 1 else text
    _check_no_address(name)
    return name


def _check_characters(text: str) -> None:
    for character in text:
        if character in _FORMAT or unicodedata.category(character) in _INVISIBLE:
            refuse("control-character", "The name holds an invisible character; type it by hand instead of pasting it.")
    if re.search(r"[\s,;|]", text):
        refuse("one-name", "Type one name at a time, without spaces or commas.")


def _check_shape(text: str) -> None:
    if _SCHEME.match(text):
        refuse("url", "This is a web address; type only the name that follows the two slashes, without path and port.")
    if "@" in text:
        refuse("mail-address", "This is an e-mail address; type only the name that follows the @.")
    if re.search(r"[/\\?#]", text):
        refuse("path", "Type the name alone, without the slash and what follows it.")
    if text.startswith("[") or text.count(":") > 1:
        refuse("ip-address", "This is an IP address; only DNS names are certified here, such as shop.example.com.")
    if _PORT.search(text):
        refuse("port", "Type the name alone, without the colon and the port.")


def _check_no_address(name: str) -> None:
    """Refuse every spelling of an address that resolvers accept: dotted, decimal, hexadecimal, octal, shortened."""
    last = name.rpartition(".")[2]
    if _NUMBER.match(last) or _reads_as_address(name):
        refuse(
            "ip-address", "This is an IP address or a number; only DNS names are certified, such as shop.example.com."
        )


def _reads_as_address(name: str) -> bool:
    try:
        ip_address(unicodedata.normalize("NFKC", name))
    except ValueError:
        return False
    return True
