"""Network addresses: how much of one may be kept, and what counts as one source.

The rule: whole addresses belong into security records and sealed parts only; every log gets the truncated form (1.4-a).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_LOGGED_BITS: Final = {4: 24, 6: 48}
_SOURCE_BITS: Final = {4: 32, 6: 64}


def truncate_address(text: str) -> str:
    """Return the network that may be logged, `203.0.113.0/24` or `2001:db8:1::/48`; empty for what is no address."""
    if is_plain_ipv4(text):
        return text[: text.rindex(".")] + ".0/24"
    return _network(text, _LOGGED_BITS)


def is_plain_ipv4(text: str) -> bool:
    """Tell an IPv4 address in its one canonical spelling, quickly; the usual case of all that comes in."""
    return _IPV4.fullmatch(text) is not None


def source_network(text: str) -> str:
    """Return what one sender controls: an IPv4 address, an IPv6 /64; empty for what is no address."""
    return _network(text, _SOURCE_BITS)


def _network(text: str, bits: dict[int, int]) -> str:
    address = _parsed(text)
    if address is None:
        return ""
    return str(ip_network(f"{address}/{bits[address.version]}", strict=False))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address as servers report it: with a zone, or IPv4 mapped into IPv6 (RFC 4291 section 2.5.5.2)."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
