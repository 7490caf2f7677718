"""Where a request came from: its address (believing only trusted proxies), its user agent, its request id."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from api.kit.addresses import is_plain_ipv4
from api.kit.secrets import contains_private_key
from api.viewer import Origin
from governance.clock import Clock
from governance.ids import new_id

_USER_AGENT_LENGTH: Final = 300
_REMEMBERED: Final = 4096
_PRINTABLE = re.compile(r"[^\x20-\x7e]")


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; of several with one name, joined as HTTP allows."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{separator}{value}" if name in found else value
    return found


class Origins:
    """Reads origins for one process; `trusted` are the proxies that are believed."""

    def __init__(self, trusted: Iterable[str], clock: Clock) -> None:
        self._proxies = frozenset(map(canonical, trusted)) - {""}
        self._clock = clock
        self._looked_at: set[int] = set()

    def of(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> Origin:
        """Return the origin; an address that is not one becomes empty rather than an error."""
        peer = address = canonical(str((scope.get("client") or ("",))[0]))
        if peer in self._proxies and headers.get("x-forwarded-for"):
            address = _nearest_untrusted(headers["x-forwarded-for"], self._proxies, peer)
        return Origin(address, self._agent(headers.get("user-agent", "")), str(new_id(self._clock)))

    def _agent(self, text: str) -> str:
        """Return the user agent, or nothing where it holds a private key: it is the one header that is kept (3.3-a).

        Looking for keys is dear, so a text that was found clean is known again by its hash; the text is not kept.
        """
        agent = text if text.isascii() and text.isprintable() else _PRINTABLE.sub("", text)
        agent = agent[:_USER_AGENT_LENGTH]
        known = hash(agent)
        if known not in self._looked_at:
            if contains_private_key(agent):
                return ""
            if len(self._looked_at) >= _REMEMBERED:
                self._looked_at.clear()
            self._looked_at.add(known)
        return agent


def _nearest_untrusted(forwarded: str, proxies: frozenset[str], peer: str) -> str:
    """Return the last hop that is no trusted proxy; earlier ones could be invented by the caller."""
    for hop in reversed([canonical(part.strip()) for part in forwarded.split(",")]):
        if hop not in proxies:
            return hop
    return peer


def canonical(text: str) -> str:
    """Return the one spelling of an address, without zone, IPv4 as such; empty for what is no address."""
    if is_plain_ipv4(text):
        return text
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
