"""Data categories: which personal data a token may show, in words a person can read.

They stand in one list with the scopes, as `data:` and a key of the fideslang taxonomy. The rule: a category covers
itself and everything below it (`data:user.contact` covers `user.contact.email`); none named means all the maker holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from api.auth.errors import ScopeRefused
from governance.access import covers

PREFIX: Final = "data:"
NOTHING: Final = "none"
"""`data:none`: no personal data at all."""
CATEGORIES: Final = MappingProxyType(
    {
        "user.account": "the account: plan, dates, sign-ins, dates and issuers of certificates, disclosures",
        "user.account.settings": "language, time zone, how pages are drawn",
        "user.authorization.credentials": "API tokens: names, scopes, dates; never their text",
        "user.contact.address.country": "the country",
        "user.contact.email": "the e-mail address",
        "user.contact.organization": "the company",
        "user.contact.url": "domain names: domains, orders, challenges, certificate chains",
        "user.demographic.age_range": "when the statement about age was made",
        "user.device": "browsers and servers: user agents, agents, what they installed",
        "user.device.ip_address": "addresses of sessions and security events",
        "user.name": "the display name",
        "user.privacy_preferences": "which mails are wanted",
        "user.unique_id": "serial numbers and fingerprints of certificates",
    }
)
"""Every category of data that a holder's token can show, with its meaning; a test compares them with the schema."""


def split_grants(asked: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Return the scopes and the categories of a list that holds both; None where no category is named.

    Categories come sorted, less those that another one covers. Raises `ScopeRefused` for a category that nothing has.
    """
    entries = tuple(asked)
    scopes = tuple(entry for entry in entries if not entry.startswith(PREFIX))
    named = {entry.removeprefix(PREFIX) for entry in entries if entry.startswith(PREFIX)}
    if not named:
        return scopes, None
    if named == {NOTHING}:
        return scopes, ()
    if not all(any(covers(name, known) for known in CATEGORIES) for name in named):
        known = ", ".join(PREFIX + name for name in CATEGORIES)
        raise ScopeRefused(
            f"There is no such data category. Categories are: {known}; a step of a path stands for all below it, and "
            f"{PREFIX}{NOTHING}, alone, for none. No token was made.",
            rule="unknown-category",
        )
    return scopes, tuple(sorted(name for name in named if not any(covers(other, name) for other in named - {name})))


def category_entries(categories: Iterable[str]) -> tuple[str, ...]:
    """Return categories as they stand in the list."""
    return tuple(PREFIX + name for name in categories) or (PREFIX + NOTHING,)
