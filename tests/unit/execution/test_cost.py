"""What an operation may cost and did cost: never less than it made, whatever hides behind fragments and variables."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, graphql_sync, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as some

from api.execution.cost import LARGEST_PAGE, MUTATION, ONE_TYPE, WHOLE_SCHEMA, Cost, Prices, measure

SCHEMA: GraphQLSchema = build_schema("""
interface Thing { id: ID! }
type Shop implements Thing { id: ID!  name: String  owner: Person  books(first: Int!): Books!  tags: [Tag!]! }
type Person implements Thing { id: ID!  friends(first: Int! = 7): [Person!]! }
type Books { edges: [BookEdge!]!  totalCount: Int! }
type BookEdge { cursor: String!  node: Book! }
type Book { title: String!  pages: [Page!]! names: [String!]! }
type Page { text: String! }
type Tag { text: String! }
type Payload { shop: Shop  errors: [Tag!]! }
type Query { shop: Shop  shops: [Shop!]!  thing(id: ID): Thing }
type Mutation { open(name: String): Payload!  shut: Payload! }
""")
PRICES = Prices({"Book.pages": 300, "Payload.errors": 1}, {"Mutation.open": 100})


def cost(text: str) -> Cost:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    (operation,) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return measure(SCHEMA, document, operation, PRICES)


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("{ __typename }", {}, 1),
        ("{ shop { name } }", {}, 1),
        ("{ shop { name owner { id } } }", {}, 2),
        ("{ shops { name } }", {}, 10),
        ("{ shop { tags { text } } }", {}, 1 + 10),
        ("{ shop { books(first: 5) { totalCount } } }", {}, 1 + 1 + 1),
        ("{ shop { books(first: 5) { edges { cursor } } } }", {}, 1 + 1 + 5),
        ("{ shop { books(first: 5) { edges { node { title names } } } } }", {}, 1 + 1 + 5 * 2),
        ("{ shop { books(first: 5) { edges { node { pages { text } } } } } }", {}, 1 + 1 + 5 * (2 + 300)),
        ("{ shop { books(first: 100000) { edges { cursor } } } }", {}, 1 + 1 + LARGEST_PAGE),
        ("{ shop { owner { friends { friends(first: 2) { id } } } } }", {}, 1 + 1 + 7 * (1 + 2)),
        ("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }", {"n": 9}, 1 + 1 + 9),
        ("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }", {"n": 9.0}, 1 + 1 + 9),
        ("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }", {"n": -9}, 2),
        ("query($n: Int = 4) { shop { books(first: $n) { edges { cursor } } } }", {}, 1 + 1 + 4),
        ("query($n: Int = 4) { shop { books(first: $n) { edges { cursor } } } }", {"n": 3}, 1 + 1 + 3),
        ("query($n: Int) { shop { owner { friends(first: $n) { id } } } }", {}, 1 + 1 + 7),
        ("mutation { open { errors { text } shop { name } } }", {}, MUTATION + 100 + 1 + 1 + 1),
        ("mutation { shut { errors { text } } again: shut { shop { id } } }", {}, 2 * MUTATION + 2 + 2),
        ("{ __schema { types { fields { name } } } }", {}, WHOLE_SCHEMA),
        ('{ __type(name: "Shop") { fields { name } } shop { id } }', {}, ONE_TYPE + 1),
    ],
)
def test_what_is_counted(text: str, variables: dict[str, Any], points: int) -> None:
    assert cost(text)(variables) == points


@pytest.mark.parametrize("bad", ["many", None, True, [1], float("nan"), {}])
def test_a_page_that_is_no_number_counts_as_the_largest(bad: Any) -> None:
    found = cost("query($n: Int!) { shop { books(first: $n) { edges { cursor } } } }")
    assert found({"n": bad}) == found({}) == 2 + LARGEST_PAGE
    assert found({"n": float("inf")}) == 2 + LARGEST_PAGE
    assert found({"n": 10**400}) == 2 + LARGEST_PAGE


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
    assert (cost(text)({"x": True}), cost(text)({"x": False})) == (2, 11)
    assert cost(text)({}) == 12, "what is not sent may be either"
    assert cost("{ shop { owner @skip(if: true) { id } tags @include(if: false) { text } name } }")({}) == 1
    twice = "query($x: Boolean!) { shop { owner @include(if: $x) { id } owner { id } } }"
    assert cost(twice)({"x": False}) == 2


SHELF = {"totalCount": 2, "edges": [{"node": {"pages": [{"text": "x"}], "names": ["a", "b"]}}, {"node": None}]}


def test_what_it_did_cost_is_what_it_made() -> None:
    text = "{ shop { books(first: 50) { totalCount edges { node { pages { text } names } } } } }"
    assert cost(text).actual({"shop": {"books": SHELF}}) == 1 + 1 + 1 + 2 + 1 + 1
    assert cost(text).actual({"shop": None}) == 1
    assert cost(text).actual_from_counts(6, 1) == 7
    assert cost("{ shop { n: name } }").actual({"shop": {"n": "totalCount"}}) == 1
    renamed = "{ shop { books(first: 50) { n: totalCount } } }"
    assert cost(renamed).actual({"shop": {"books": {"n": 4}}}) == 3


def test_what_is_dear_in_itself_is_never_given_back() -> None:
    found = cost("mutation { open { errors { text } } }")
    assert found.actual({"open": {"errors": []}}) == MUTATION + 100 + 1
    whole = cost("{ __schema { types { name } } shop { id } }")
    assert whole.actual({"__schema": {"types": [{"name": "A"}] * 50}, "shop": {"id": "1"}}) == WHOLE_SCHEMA + 1
    left_out = cost("mutation($x: Boolean!) { open @include(if: $x) { errors { text } } shut { errors { text } } }")
    assert left_out.actual({"shut": {"errors": []}}) == left_out({"x": False}) - 1


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
    found = cost(text)
    assert 1 <= found.actual(result.data) <= found(variables)


def _shop(*_: Any) -> str:
    return "Shop"
