"""The cost of our own schema: each price stands on a field that exists, each page says how long it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from api.execution.bill import MOST_PER_OPERATION
from api.execution.cost import USUAL_LIST
from api.execution.plans import Plans
from api.graphql.schema import schema_map
from api.settings import load
from tests.unit.house.sources import ROOT

MAP = schema_map()
PLANS = Plans(MAP)
DOCUMENTS = sorted([*(ROOT / "api" / "pages").rglob("*.graphql"), *(ROOT / "agent").rglob("*.graphql")])
LARGEST = {"first": 100}


def fields() -> Iterator[tuple[str, GraphQLField]]:
    for kind in MAP.schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field


def test_every_price_stands_on_a_field_that_is_there() -> None:
    known = {coordinate for coordinate, _ in fields()}
    assert {*MAP.prices.list_sizes, *MAP.prices.extra} - known == set()


def test_every_connection_says_how_long_its_page_is() -> None:
    """A page without a length could not be charged before it is read."""
    pages = {name: field for name, field in fields() if str(get_named_type(field.type)).endswith("Connection")}
    assert pages
    assert {name: str(getattr(field.args.get("first"), "type", None)) for name, field in pages.items()} == (
        dict.fromkeys(pages, "Int!")
    )


def test_every_list_of_objects_has_a_length_of_its_own_or_is_a_page() -> None:
    """A list that is not named counts 10, which nobody thought about."""
    lists = {
        name
        for name, field in fields()
        if is_list_type(get_nullable_type(field.type)) and is_composite_type(get_named_type(field.type))
    }
    unnamed = {name for name in lists - MAP.prices.list_sizes.keys() if not name.endswith("Connection.edges")}
    assert unnamed == set(), f"name them in api/graphql/prices.py, or they count {USUAL_LIST}"


def test_what_takes_a_password_is_dear() -> None:
    mutation = MAP.schema.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        given = get_named_type(field.args["input"].type) if "input" in field.args else None
        asks = {one for one in getattr(given, "fields", {}) if "password" in one.lower()}
        assert bool(asks) <= (f"Mutation.{name}" in MAP.prices.extra), (name, asks)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_page_and_no_agent_comes_near_its_quota(path: Path) -> None:
    """Twelve of the dearest at once fit into a bucket, at their largest pages and before any refund."""
    settings = load({"SSLM_MODE": "development", "SSLM_SITE_URL": "http://localhost:8443"})
    capacity, _ = settings["SSLM_QUOTA_HOLDER"]
    anonymous, _ = settings["SSLM_QUOTA_ANONYMOUS"]
    cost = PLANS.plan(path.read_text(encoding="utf-8"), None).cost(LARGEST)
    assert 12 * cost <= capacity
    assert "entrance" not in path.parts or 12 * cost <= anonymous


def test_what_nobody_should_ask_at_once_is_too_much() -> None:
    proofs = "authorizations { challenges { problem { subproblems { type } } } }"
    text = f"query($first: Int!) {{ me {{ orders(first: $first) {{ edges {{ node {{ {proofs} }} }} }} }} }}"
    cost = PLANS.plan(text, None).cost
    assert cost({"first": 10}) == 1 + 10 * (1 + 20 * (1 + 3 * (1 + 1 + 5)))
    assert cost({"first": 10}) < MOST_PER_OPERATION < cost({"first": 100})
