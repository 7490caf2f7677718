"""What may be done for somebody else's account: closed lists, and never more than both the grant and the actor hold.

The rule: whatever opens doors (settings, credentials, sessions, tokens, agents' tokens, grants themselves) is not on
the lists, so no grant can hand it on, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.access import Grants, intersection

DELEGABLE_SCOPES: Final = frozenset(
    {
        "account:read",
        "domains:read",
        "domains:write",
        "certificates:read",
        "certificates:order",
        "certificates:revoke",
        "agents:read",
    }
)
DELEGABLE_CATEGORIES: Final = frozenset({"user.account", "user.contact", "user.device", "user.name", "user.unique_id"})
OF_ONES_OWN: Final = frozenset({"schema:read"})
"""What does not concern anybody's account, and so needs nobody's grant."""

PARTNER_SCOPES: Final = frozenset({"access:read"}) | OF_ONES_OWN
PARTNER_CATEGORIES: Final = frozenset({"user.account"})
"""What a partner that acts for nobody may do: look for whom it may act."""


def delegated(own: Grants, scopes: Iterable[str], categories: Iterable[str]) -> Grants:
    """Return what an actor who holds `own` may do under a grant of these scopes and categories."""
    return Grants(
        intersection(own.scopes, intersection(scopes, DELEGABLE_SCOPES)) | intersection(own.scopes, OF_ONES_OWN),
        intersection(own.categories, intersection(categories, DELEGABLE_CATEGORIES)),
        own.missing_as_null,
    )


def partner_grants(own: Grants) -> Grants:
    """Return what a partner's token may do while it acts for nobody."""
    return Grants(
        intersection(own.scopes, PARTNER_SCOPES),
        intersection(own.categories, PARTNER_CATEGORIES),
        own.missing_as_null,
    )
