"""Which other origins a browser may let call the API. Without an entry, none.

Cookies are never part of it: a page of another origin could not read the CSRF token, so it uses an API token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.http.rate_limit import EXPOSED


@dataclass(frozen=True, slots=True)
class Cors:
    """Allow-listed origins, compared exactly."""

    allowed: frozenset[str] = frozenset()

    def headers(self, request: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the headers of any answer; none for an origin that is not on the list."""
        origin = request.get("origin")
        if origin is None or origin not in self.allowed:
            return []
        return [
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", f"X-Request-Id, Retry-After, {EXPOSED}"),
        ]

    def preflight(self, request: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return what a preflight adds for an allowed origin."""
        if request.get("origin", "") not in self.allowed:
            return [("allow", "GET, POST, OPTIONS")]
        return [
            ("access-control-allow-methods", "GET, POST, OPTIONS"),
            ("access-control-allow-headers", "Authorization, Content-Type, GraphQL-Require-Preflight, Sslm-Act-For"),
            ("access-control-max-age", "600"),
        ]
