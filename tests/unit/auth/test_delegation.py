"""The closed lists of what can be done for somebody else."""

from __future__ import annotations

import pytest

from api.auth.delegation import DELEGABLE_CATEGORIES, DELEGABLE_SCOPES, delegated, partner_grants
from api.auth.scopes import HOLDER_SCOPES, SCOPES, STAFF_ONLY
from api.graphql.schema import schema
from api.graphql.scopes import scopes_by_coordinate
from api.models import CATALOG
from governance.access import Grants, covers
from governance.graphql import exposures

EVERYTHING = Grants(frozenset(SCOPES), frozenset({"user"}))


@pytest.mark.parametrize(
    "scope",
    ["account:write", "security:read", "access:read", "access:write", "tokens:write", "agents:enrol", "agents:report"],
)
def test_what_opens_doors_cannot_be_delegated(scope: str) -> None:
    assert scope in HOLDER_SCOPES
    assert not any(covers(held, scope) for held in delegated(EVERYTHING, SCOPES, {"user"}).scopes)


def test_the_lists_hold_what_exists() -> None:
    assert DELEGABLE_SCOPES < HOLDER_SCOPES
    assert not DELEGABLE_SCOPES & STAFF_ONLY
    assert all(any(covers(name, category) for category in CATALOG.categories()) for name in DELEGABLE_CATEGORIES)


def test_no_secret_is_reached_by_what_can_be_delegated() -> None:
    """Every value that a delegated viewer's scopes reach is looked at: none is about a credential."""
    scopes = scopes_by_coordinate(schema)
    reached = {
        shown.tag.category
        for coordinate, shown in exposures(schema).items()
        if shown.tag is not None and scopes.get(coordinate) in DELEGABLE_SCOPES
    }
    assert "user.contact.email" in reached
    assert not [category for category in reached if category.startswith(("user.authorization", "user.device.ip"))]


def test_nobody_gets_more_than_they_hold() -> None:
    own = Grants(frozenset({"domains:read", "schema:read"}), frozenset({"user.contact"}))
    found = delegated(own, ["domains", "certificates"], ["user.contact.url", "user.name"])
    assert found == Grants(frozenset({"domains:read", "schema:read"}), frozenset({"user.contact.url"}))
    assert delegated(Grants(), DELEGABLE_SCOPES, DELEGABLE_CATEGORIES) == Grants()


def test_a_partner_for_nobody_may_look_for_whom_it_may_act() -> None:
    assert partner_grants(EVERYTHING) == Grants(frozenset({"access:read", "schema:read"}), frozenset({"user.account"}))


def test_fields_of_disclosures_fit_their_column() -> None:
    assert max(map(len, exposures(schema))) <= 64
