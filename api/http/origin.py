"""Where a request came from: its address (believing only trusted proxies), its user agent, its request id."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

from api.kit.secrets import contains_private_key
from api.viewer import Origin
from governance.clock import Clock
from governance.ids import new_id

_USER_AGENT_LENGTH: Final = 300
_PRINTABLE = re.compile(r"[^\x20-\x7e]")


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; of several with one name, joined as HTTP allows."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{separator}{value}" if name in found else value
    return found


def origin_of(scope: Mapping[str, Any], headers: Mapping[str, str], trusted: frozenset[str], clock: Clock) -> Origin:
    """Return the origin; an address that is not one becomes empty rather than an error."""
    peer = address = canonical(str((scope.get("client") or ("",))[0]))
    proxies = frozenset(map(canonical, trusted)) - {""}
    if peer in proxies and headers.get("x-forwarded-for"):
        address = _nearest_untrusted(headers["x-forwarded-for"], proxies, peer)
    agent = _PRINTABLE.sub("", headers.get("user-agent", ""))[:_USER_AGENT_LENGTH]
    if contains_private_key(agent):  # the one header that is kept (clause 3.3-a)
        agent = ""
    return Origin(address, agent, str(new_id(clock)))


def _nearest_untrusted(forwarded: str, proxies: frozenset[str], peer: str) -> str:
    """Return the last hop that is no trusted proxy; earlier ones could be invented by the caller."""
    for hop in reversed([canonical(part.strip()) for part in forwarded.split(",")]):
        if hop not in proxies:
            return hop
    return peer


def canonical(text: str) -> str:
    """Return the one spelling of an address, without zone, IPv4 as such; empty for what is no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
