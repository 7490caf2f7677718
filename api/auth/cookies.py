"""The cookie registry of policy section 5.1, and the one function that sets a cookie.

The rule: a cookie outside this registry, or with other attributes, or with a longer life, cannot be made.
Both the GraphQL edge and the pages use these functions, so they speak in header values, not in frameworks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

SESSION: Final = "__Host-session"
CSRF: Final = "__Host-csrf"
PREFERENCES: Final = "__Host-prefs"
COOKIE_CHOICE: Final = "__Host-cookie-choice"
DEVICE: Final = "__Host-device"
SIGN_IN: Final = "__Host-signin"

_RANDOM = r"[A-Za-z0-9_-]{22,86}"


class CookieNotRegistered(Exception):
    """The program tried to set a cookie that the policy does not list: a fault of the program, never of a person."""


class CookieType(StrEnum):
    """The types of the policy's table."""

    ESSENTIAL = "essential"
    PREFERENCE = "preference"
    ANALYTICS = "analytics"
    SECURITY = "security"


class SameSite(StrEnum):
    """When a browser sends a cookie along."""

    LAX = "Lax"
    STRICT = "Strict"


@dataclass(frozen=True, slots=True)
class CookieRule:
    """One row of the table. `longest` None: it ends with the browser session. `value` is all it may hold."""

    name: str
    type: CookieType
    purpose: str
    longest: timedelta | None
    same_site: SameSite
    http_only: bool
    value: str = _RANDOM
    needs_consent: bool = False
    set_by_browser: bool = False


REGISTRY: Final = (
    CookieRule(SESSION, CookieType.ESSENTIAL, "keeps you signed in", timedelta(days=30), SameSite.LAX, True),
    CookieRule(
        CSRF,
        CookieType.ESSENTIAL,
        "proves that a form was sent from our own page",
        None,
        SameSite.STRICT,
        False,
        value=r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    CookieRule(
        PREFERENCES,
        CookieType.PREFERENCE,
        "remembers language, display mode and notification display you chose",
        timedelta(days=365),
        SameSite.LAX,
        False,
        value=r"[A-Za-z0-9=&.-]{1,120}",
    ),
    CookieRule(
        COOKIE_CHOICE,
        CookieType.PREFERENCE,
        "remembers your cookie choice and its receipt",
        timedelta(days=182),
        SameSite.LAX,
        False,
        value=r"[A-Za-z0-9=&.:-]{1,120}",
    ),
    CookieRule(
        "_ga",
        CookieType.ANALYTICS,
        "tells visits apart for web analytics",
        timedelta(days=390),
        SameSite.LAX,
        False,
        needs_consent=True,
        set_by_browser=True,
    ),
    CookieRule(
        "_ga_<container>",
        CookieType.ANALYTICS,
        "keeps the state of a visit for web analytics",
        timedelta(days=390),
        SameSite.LAX,
        False,
        needs_consent=True,
        set_by_browser=True,
    ),
    CookieRule(
        DEVICE,
        CookieType.SECURITY,
        "recognises a device that signed in before",
        timedelta(days=90),
        SameSite.STRICT,
        True,
    ),
    CookieRule(SIGN_IN, CookieType.SECURITY, "holds the state of a sign-in in progress", None, SameSite.LAX, True),
)
"""Every cookie there is. Those `set_by_browser` come from a script after consent; the server never sets them."""

_RULES: Final = {rule.name: rule for rule in REGISTRY}


def set_cookie(name: str, value: str, *, life: timedelta | None = None) -> str:
    """Return the `Set-Cookie` value for a registered cookie; `life` None makes it end with the browser session.

    Raise `CookieNotRegistered` for anything the registry does not allow.
    """
    rule = _settable(name)
    if not re.fullmatch(rule.value, value):
        raise CookieNotRegistered(f"the value of {name} is not of the registered form")
    if life is None:
        return _header(rule, value)
    if rule.longest is None or not timedelta(seconds=1) <= life <= rule.longest:
        raise CookieNotRegistered(f"{name} may live {rule.longest or 'for the browser session'}, not {life}")
    return _header(rule, value, int(life.total_seconds()))


def delete_cookie(name: str) -> str:
    """Return the `Set-Cookie` value that makes a browser forget a registered cookie at once."""
    return _header(_settable(name), "", 0)


def cookie_value(headers: Iterable[str], name: str) -> str | None:
    """Return what the `Cookie` headers carry under a registered name; None if absent, malformed or sent twice."""
    rule = _settable(name)
    pairs = (part.strip().partition("=") for header in headers for part in header.split(";"))
    values = [value for found, equals, value in pairs if found == name and equals]
    return values[0] if len(values) == 1 and re.fullmatch(rule.value, values[0]) else None


def _settable(name: str) -> CookieRule:
    rule = _RULES.get(name)
    if rule is None or rule.set_by_browser:
        raise CookieNotRegistered(f"{name!r} is not a cookie the server may set; see policy section 5.1")
    return rule


def _header(rule: CookieRule, value: str, seconds: int | None = None) -> str:
    """Spell the attributes: `__Host-` needs Secure, Path=/ and no Domain (RFC 6265bis section 4.1.3)."""
    parts = [f"{rule.name}={value}", "Path=/", "Secure", f"SameSite={rule.same_site}"]
    if rule.http_only:
        parts.append("HttpOnly")
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    return "; ".join(parts)
