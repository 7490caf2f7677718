"""What scopes, data categories and what leaves for others are called on pages. Codes stay visible as `title` alone."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from api.auth.scopes import SCOPES
from api.pages.languages import later
from governance.access import covers

CATEGORY_MEANINGS: Final = MappingProxyType(
    {
        "user.account": later("what you did here and when: orders, settings, times"),
        "user.contact": later("your address, company, country, and your domain names"),
        "user.device": later("your servers: host names, systems, where certificates are installed"),
        "user.name": later("what you are called"),
        "user.unique_id": later("serial numbers and fingerprints of your certificates"),
    }
)
"""The categories that can be granted to others."""

SENT_MEANINGS: Final = MappingProxyType(
    {
        "identifiers": later("names"),
        "challenge_responses": later("answers to challenges"),
        "certificate_signing_request": later("signing request"),
        "certificate": later("certificate"),
        "revocation_reason": later("reason for revoking it"),
    }
)
"""What is sent to certificate authorities. What partners are shown has the names of the schema."""


def scope_meanings(scopes: Iterable[str]) -> list[tuple[str, str]]:
    """Return each scope with what it means."""
    return [(scope, SCOPES.get(scope, scope)) for scope in scopes]


def category_meanings(categories: Iterable[str]) -> list[tuple[str, str]]:
    """Return each category with what it holds: its own meaning, or that of the one it is part of."""
    found = []
    for category in categories:
        meanings = [meaning for known, meaning in CATEGORY_MEANINGS.items() if covers(known, category)]
        found.append((category, meanings[0] if meanings else category))
    return found
