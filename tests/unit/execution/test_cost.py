"""What an operation may cost and did cost: never less than it made, whatever hides behind fragments and variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, graphql_sync, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as some

from api.execution.cost import LARGEST_PAGE, MUTATION, ONE_TYPE, WHOLE_SCHEMA, Cost, Prices
from api.execution.plan import Operation
from api.execution.schema_map import SchemaMap

SCHEMA: GraphQLSchema = build_schema("""
interface Thing { id: ID! }
type Shop implements Thing { id: ID!  name: String  owner: Person  books(first: Int!): BooksConnection!  tags: [Tag!]! }
type Person implements Thing { id: ID!  friends(first: Int! = 7): [Person!]! }
type BooksConnection { edges: [BookEdge!]!  totalCount: Int! }
type BookEdge { cursor: String!  node: Book! }
type Book { title: String!  pages: [Page!]! names: [String!]! }
type Page { text: String! }
type Tag { text: String! }
type Payload { shop: Shop  errors: [Tag!]! }
type Query { shop: Shop  shops: [Shop!]!  thing(id: ID): Thing }
type Mutation { open(name: String): Payload!  shut: Payload! }
""")
PRICES = Prices({"Book.pages": 300, "Payload.errors": 1}, {"Mutation.open": 100})


def planned(text: str) -> Operation:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    (node,) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return Operation(node, document, "", None, SchemaMap(SCHEMA, {}, {}, prices=PRICES))


def cost(text: str, **switches: bool) -> Cost:
    return planned(text).plan(switches).cost


def asked(text: str, variables: dict[str, Any]) -> int:
    """Return the cost as a request has it: with its variables coerced, under its switches."""
    operation = planned(text)
    coerced = operation.coerce(variables)
    assert isinstance(coerced, Mapping)
    return operation.plan(coerced).cost(coerced)


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("{ __typename }", {}, 1),
        ("{ shop { name } }", {}, 1),
        ("{ shop { name owner { id } } }", {}, 2),
        ("{ shops { name } }", {}, 10),
        ("{ shop { tags { text } } }", {}, 1 + 10),
        ("{ shop { books(first: 5) { totalCount } } }", {}, 1 + 1),
        ("{ shop { books(first: 5) { edges { cursor } } } }", {}, 1 + 5),
        ("{ shop { books(first: 5) { edges { node { title names } } } } }", {}, 1 + 5),
        ("{ shop { books(first: 5) { edges { node { pages { text } } } } } }", {}, 1 + 5 * (1 + 300)),
        ("{ shop { books(first: 100000) { edges { cursor } } } }", {}, 1 + LARGEST_PAGE),
        ("{ shop { owner { friends { friends(first: 2) { id } } } } }", {}, 1 + 1 + 7 * (1 + 2)),
        ("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }", {"n": 9}, 1 + 9),
        ("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }", {"n": 9.0}, 1 + 9),
        ("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }", {"n": -9}, 1),
        ("query($n: Int = 4) { shop { books(first: $n) { edges { cursor } } } }", {}, 1 + 4),
        ("query($n: Int = 4) { shop { books(first: $n) { edges { cursor } } } }", {"n": 3}, 1 + 3),
        ("query($n: Int) { shop { owner { friends(first: $n) { id } } } }", {}, 1 + 1 + 7),
        ("mutation { open { errors { text } shop { name } } }", {}, MUTATION + 100 + 1 + 1 + 1),
        ("mutation { shut { errors { text } } again: shut { shop { id } } }", {}, 2 * MUTATION + 2 + 2),
        ("{ __schema { types { fields { name } } } }", {}, WHOLE_SCHEMA),
        ('{ __type(name: "Shop") { fields { name } } shop { id } }', {}, ONE_TYPE + 1),
    ],
)
def test_what_is_counted(text: str, variables: dict[str, Any], points: int) -> None:
    assert asked(text, variables) == points


def test_a_null_where_none_may_be_counts_as_a_whole_page() -> None:
    """The resolvers refuse it later, with the place of it."""
    found = cost("query($n: Int = 1) { shop { books(first: $n) { edges { cursor } } } }")
    assert found({"n": None}) == 1 + LARGEST_PAGE


def test_a_fragment_counts_wherever_it_is_spread_and_what_is_asked_twice_counts_once() -> None:
    fragment = "fragment F on Shop { owner { id } }"
    assert cost("{ shop { ...F } a: shop { ...F } }" + fragment)({}) == 4
    assert cost("{ shop { ...F owner { id } ... { owner { id } } } }" + fragment)({}) == 2
    assert cost("{ shop { owner { id } } shop { tags { text } } }")({}) == 1 + 1 + 10


def test_behind_an_interface_the_dearest_type_counts() -> None:
    text = "{ thing { ... on Shop { tags { text } } ... on Person { friends { id } } ... on Thing { id } } }"
    assert cost(text)({}) == 1 + 10
    text = "{ thing { ... on Shop { owner { id } } ... on Person { friends { id } } } }"
    assert cost(text)({}) == 1 + 7
    text = "query($n: Int!) { thing { ... on Shop { owner { id } } ... on Person { friends(first: $n) { id } } } }"
    assert [cost(text)({"n": n}) for n in (0, 1, 2)] == [2, 2, 3]


def test_what_a_directive_takes_away_is_not_counted() -> None:
    text = "query($x: Boolean!) { shop { owner @include(if: $x) { id } ... @skip(if: $x) { tags { text } } } }"
    assert [asked(text, {"x": x}) for x in (True, False)] == [2, 11]
    assert cost("{ shop { owner @skip(if: true) { id } tags @include(if: false) { text } name } }")({}) == 1


SHELF = {"totalCount": 2, "edges": [{"node": {"pages": [{"text": "x"}], "names": ["a", "b"]}}, {"node": None}]}


def test_what_it_did_cost_is_what_it_made() -> None:
    found = cost("{ shop { books(first: 50) { totalCount edges { node { pages { text } names } } } } }")
    assert found.actual({"shop": {"books": SHELF}}) == 1 + 1 + 1 + 1
    assert found.actual({"shop": None}) == 1
    assert cost("{ shop { n: name } }").actual({"shop": {"n": "totalCount"}}) == 1
    renamed = cost("{ shop { books(first: 50) { n: totalCount } } }")
    assert renamed.actual({"shop": {"books": {"n": 4}}}) == 2


def test_text_in_which_objects_were_counted_says_the_same() -> None:
    found = cost("{ shop { name books(first: 50) { n: totalCount edges { node { title } } } } }")
    text = rb'{"shop":{"name":"\"n\":\"n\":","books":{"n":4,"edges":[{"node":{"title":"n"}}]}}}'
    assert found.actual_of_text(text, objects=2) == found.actual(json.loads(text)) == 1 + 1 + 1
    mixed = cost("{ shop { name } thing { id } }")
    assert mixed.actual_of_text(b"{}", 1, {"thing": {"id": "1"}}) == 2


def test_what_is_dear_in_itself_is_never_given_back() -> None:
    found = cost("mutation { open { errors { text } } }")
    assert found.actual({"open": {"errors": []}}) == MUTATION + 100 + 1
    whole = cost("{ __schema { types { name } } shop { id } }")
    assert whole.actual({"__schema": {"types": [{"name": "A"}] * 50}, "shop": {"id": "1"}}) == WHOLE_SCHEMA + 1
    text = "mutation($x: Boolean!) { open @include(if: $x) { errors { text } } shut { errors { text } } }"
    assert cost(text, x=False).actual({"shut": {"errors": []}}) == MUTATION + 1


NAMES = ["id", "name", "owner { id }", "tags { text }", "...F", "... on Shop { owner { id } }", "a: tags { text }"]


@settings(deadline=None, max_examples=50)
@given(
    some.lists(some.sampled_from(NAMES), min_size=1, max_size=6),
    some.integers(1, 100),
    some.integers(0, 10),
    some.booleans(),
)
def test_what_is_made_never_costs_more_than_was_asked(picked: list[str], first: int, real: int, shown: bool) -> None:
    """Run real documents on lists no longer than declared: the count afterwards never passes the count before."""
    inner = " ".join(picked)
    text = f"""
    query($n: Int!, $x: Boolean!) {{
      shops {{ {inner} books(first: $n) @include(if: $x) {{ totalCount edges {{ node {{ pages {{ text }} }} }} }} }}
      thing {{ id ... on Shop {{ {inner} ...F }} }}
    }}
    fragment F on Shop {{ owner {{ friends(first: $n) {{ id }} }} }}
    """
    person = {"id": "p", "friends": [{"id": "f"}] * min(real, first)}
    book = {"node": {"title": "t", "pages": [{"text": "x"}] * real}}
    books = {"totalCount": 3, "edges": [book] * min(real, first)}
    shop = {"id": "1", "name": "n", "owner": person, "tags": [{"text": "t"}] * real, "books": books}
    variables = {"n": first, "x": shown}
    result = graphql_sync(
        SCHEMA, text, {"shops": [shop] * real, "thing": shop}, variable_values=variables, type_resolver=_shop
    )
    assert result.errors is None
    assert result.data is not None
    assert 1 <= cost(text, x=shown).actual(result.data) <= asked(text, variables)


def _shop(*_: Any) -> str:
    return "Shop"
