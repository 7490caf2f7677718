"""From what a person types to a name that can be certified (IDNA 2008 with the input mapping of UTS 46).

The rule: one spelling of each name is stored, in A-labels and lower case; everything else is refused with the rule it
breaks, in the words of `api.issuance.names` where the rule is the authorities'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import idna

from api.domains.typed import bare_name, refuse
from api.issuance.errors import NameRefused
from api.issuance.names import LABEL_LIMIT, NAME_LIMIT, check_dns_name, check_issuable_name
from api.kit.scripts import imitates_latin, mixes_scripts

# RFC 2606 section 3 and RFC 6761: kept for documentation; no authority signs for them, test authorities do.
_DOCUMENTATION: Final = ("example.com", "example.net", "example.org")
_TEST_ENDINGS: Final = frozenset({"test", "example", "localhost", "internal"})


@dataclass(frozen=True, slots=True)
class NameHint:
    """Something to look at twice before going on; it stops nobody."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class DomainName:
    """A name in both spellings. `ascii` is stored, compared and certified; `unicode` is shown to people."""

    ascii: str
    unicode: str
    wildcard: bool
    hints: tuple[NameHint, ...] = ()


def parse_domain(typed: str, *, allow_reserved_names: bool = False) -> DomainName:
    """Read a name, or raise `DomainRefused`. `allow_reserved_names` admits names kept for tests and documentation."""
    name = bare_name(typed)
    wildcard = name.startswith("*.")
    base = name[2:] if wildcard else name
    _check_wildcard(base)
    ascii_base = _a_labels(base)
    ascii_name = f"*.{ascii_base}" if wildcard else ascii_base
    _check_certifiable(ascii_name, allow_reserved_names)
    unicode_base = idna.decode(ascii_base)
    shown = f"*.{unicode_base}" if wildcard else unicode_base
    return DomainName(ascii_name, shown, wildcard, name_hints(unicode_base))


def name_hints(unicode_name: str) -> tuple[NameHint, ...]:
    """Return what makes a name look like another one (UTS 39)."""
    labels = unicode_name.split(".")
    hints = []
    if any(mixes_scripts(label) for label in labels):
        hints.append(
            NameHint("mixed-script", "A part of this name mixes letters of several scripts, as deceptive names do.")
        )
    if any(imitates_latin(label) for label in labels[:-1]):
        hints.append(NameHint("looks-latin", "A part of this name looks like Latin letters but is written in others."))
    return tuple(hints)


def _check_wildcard(base: str) -> None:
    if base.startswith("*."):
        refuse("double-wildcard", "Only one wildcard is possible, at the very left: *.example.com.")
    if "*" in base:
        refuse("wildcard-position", "A wildcard stands alone at the very left: *.example.com.")


def _a_labels(base: str) -> str:
    """Map and encode (RFC 5891 section 4); say which simple rule is broken before the general one."""
    if len(base) > NAME_LIMIT:
        refuse("name-too-long", f"A name has at most {NAME_LIMIT} characters.")
    for label in base.split("."):
        _check_typed_label(label)
    try:
        encoded = idna.encode(base, uts46=True, std3_rules=True)
    except idna.IDNABidiError:
        refuse("direction", "A part of the name mixes left-to-right and right-to-left letters in a way no name may.")
    except (idna.IDNAError, UnicodeError, IndexError):
        refuse("idna", "The name holds a letter or an order of letters that domain names cannot have (IDNA 2008).")
    return encoded.decode("ascii").lower()


def _check_typed_label(label: str) -> None:
    if not label:
        refuse("empty-label", "There is nothing between two dots of the name, or before the first.")
    if label.isascii() and len(label) > LABEL_LIMIT:
        refuse("label-too-long", f"A part between two dots has at most {LABEL_LIMIT} characters.")
    if "_" in label:
        refuse("underscore", "A name has no underscore; certificates are for host names, not for records beside them.")
    if label.startswith("-") or label.endswith("-"):
        refuse("hyphen", "A part between two dots neither begins nor ends with a hyphen.")


def _check_certifiable(ascii_name: str, allow_reserved_names: bool) -> None:
    try:
        if allow_reserved_names and _is_for_tests(ascii_name):
            check_dns_name(ascii_name)
            return
        check_issuable_name(ascii_name)
    except NameRefused as refusal:
        refuse(refusal.rule, refusal.message)
    if not allow_reserved_names and _is_documentation(ascii_name):
        refuse("reserved-name", "This name is reserved for documentation; type a name that somebody registered.")


def _is_for_tests(ascii_name: str) -> bool:
    return "." in ascii_name.removeprefix("*.") and ascii_name.rpartition(".")[2] in _TEST_ENDINGS


def _is_documentation(ascii_name: str) -> bool:
    return any(ascii_name == name or ascii_name.endswith(f".{name}") for name in _DOCUMENTATION)
