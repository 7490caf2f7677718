"""DNS names a publicly trusted authority would certify (RFC 5890, RFC 6761, public suffix list).

The rule: a name arrives in its ASCII form, lower case, and either passes every check or is refused by the
first it breaks; no message repeats the name.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NoReturn

import idna
from publicsuffixlist import PublicSuffixList

from api.issuance.errors import NameRefused

NAME_LIMIT: Final = 253
LABEL_LIMIT: Final = 63
LABELS_LIMIT: Final = 10

_SUFFIXES = PublicSuffixList(accept_unknown=False)
_LABEL = re.compile(r"[a-z0-9-]+\Z")
_RESERVED = frozenset({"localhost", "local", "test", "invalid", "example", "onion", "arpa", "internal", "alt", "home"})


def check_issuable_name(ascii_name: str) -> None:
    """Raise `NameRefused` with the rule that an A-label name, with or without a leading `*.`, breaks first."""
    check_dns_name(ascii_name)
    base = ascii_name.removeprefix("*.")
    if base.rpartition(".")[2] in _RESERVED:
        _refuse("reserved-name", "This name is reserved and never exists on the public internet.")
    suffix = _SUFFIXES.publicsuffix(base)
    if suffix is None:
        _refuse("unknown-suffix", "The name does not end in a public suffix such as com or co.uk.")
    if suffix == base:
        _refuse("public-suffix", "This is a public suffix, under which others register; use a name below it.")


def check_dns_name(ascii_name: str) -> None:
    """Check the form alone: characters, lengths, labels, one leading wildcard, IDNA 2008; not who may register it."""
    _check_characters(ascii_name)
    base = _without_wildcard(ascii_name)
    _check_not_an_address(base)
    if ascii_name.endswith("."):
        _refuse("trailing-dot", "Write the name without the dot at its end.")
    if len(ascii_name) > NAME_LIMIT:
        _refuse("name-too-long", f"A name has at most {NAME_LIMIT} characters.")
    labels = ascii_name.split(".")
    if len(labels) > LABELS_LIMIT:
        _refuse("too-many-labels", f"A name has at most {LABELS_LIMIT} labels between its dots.")
    for label in base.split("."):
        _check_label(label)


def registered_domain(name: str) -> str:
    """Return the domain somebody registered, as authorities count it: one label below the public suffix."""
    base = name.removeprefix("*.")
    return _SUFFIXES.privatesuffix(base) or base


def _refuse(rule: str, message: str) -> NoReturn:
    raise NameRefused(message, rule=rule)


def _check_characters(name: str) -> None:
    if not name:
        _refuse("empty-name", "A name is missing.")
    if not name.isascii():
        _refuse("unicode-label", "Write internationalised names in their ASCII form (xn--…).")
    if not name.isprintable():
        _refuse("control-character", "The name holds a control character such as NUL or a line break.")
    if name != name.lower():
        _refuse("upper-case", "Write the name in lower case.")


def _without_wildcard(name: str) -> str:
    base = name.removeprefix("*.")
    if "*" not in base:
        return base
    if base.startswith("*.") and name != base:
        _refuse("double-wildcard", "Only one wildcard is possible, at the very left.")
    _refuse("wildcard-position", "A wildcard stands alone at the very left: *.example.com.")


def _check_not_an_address(base: str) -> None:
    try:
        ipaddress.ip_address(base.strip("[]"))
    except ValueError:
        return
    _refuse("ip-address", "This is an IP address; only DNS names are certified here.")


def _check_label(label: str) -> None:
    if not label:
        _refuse("empty-label", "There is nothing between two dots of the name, or before the first.")
    if len(label) > LABEL_LIMIT:
        _refuse("label-too-long", f"A label between two dots has at most {LABEL_LIMIT} characters.")
    if not _LABEL.match(label):
        _refuse("character", "A name consists of letters, digits, hyphens and dots: no port, path or underscore.")
    if label[0] == "-" or label[-1] == "-":
        _refuse("hyphen", "A label neither begins nor ends with a hyphen.")
    if label[2:4] == "--":
        _check_a_label(label)


def _check_a_label(label: str) -> None:
    """Accept only what IDNA 2008 decodes and encodes back to the same bytes (RFC 5891 section 4.4)."""
    if not label.startswith("xn--"):
        _refuse("reserved-label", "Two hyphens in third and fourth place are reserved for internationalised names.")
    try:
        same = idna.alabel(idna.ulabel(label)) == label.encode("ascii")
    except UnicodeError:
        same = False
    if not same:
        _refuse("punycode", "The internationalised label is not valid under IDNA 2008.")
