"""The cut of the real schema and the access decision say the same, for callers of every kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    parse,
    validate,
    validate_schema,
)
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from api.auth.categories import CATEGORIES
from api.auth.scopes import AGENT_SCOPES, HOLDER_SCOPES, SCOPES
from api.execution.plan import Operation, Plan
from api.graphql.schema import print_schema_text, schema, schema_map
from api.graphql.visible import visible_schema
from governance.access import Allowed, Denied, Grants, decide
from tests.integration.graphql.documents import Documents

WHOLE = schema._schema
VISIBLE = visible_schema()
ANYTHING = re.compile(r"cannot represent a (DateTime|Cursor)")
"""Scalars that take any text by the printed schema, and not by the real one."""
MAP = replace(schema_map(), sources=None)
EVERYTHING = Grants(frozenset({room.partition(":")[0] for room in SCOPES}), frozenset({"user"}))
_STEPS = {name[:cut] for name in CATEGORIES for cut in range(len(name)) if name[cut] == "."}
UNSHRUNK = (Phase.explicit, Phase.generate)
"""A counterexample is readable as it is, and making it smaller would take minutes."""
GRANTS = st.builds(
    Grants,
    st.frozensets(st.sampled_from(sorted({*SCOPES, "certificates", "account"}))),
    st.frozensets(st.sampled_from(sorted({*CATEGORIES, *_STEPS, "user.unique_id.pseudonymous"})), max_size=8),
)


def built(grants: Grants) -> GraphQLSchema:
    cut = build_schema(VISIBLE.text(grants))
    assert validate_schema(cut) == []
    return cut


def planned(document: str) -> Plan:
    """Return the plan of a document that may lack arguments."""
    parsed = parse(document)
    (node,) = (one for one in parsed.definitions if isinstance(one, OperationDefinitionNode))
    return Operation(node, parsed, "x", None, MAP).plan({})


def allowed(document: str, grants: Grants) -> bool:
    return isinstance(decide(planned(document).requirement, grants), Allowed)


def coordinates(of: GraphQLSchema) -> dict[str, tuple[str, GraphQLField]]:
    return {
        f"{name}.{field}": (name, one)
        for name, kind in of.type_map.items()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__")
        for field, one in kind.fields.items()
    }


def ways() -> dict[str, tuple[str, str]]:
    """Return the shortest way to each type of the whole schema: what opens the selection, and what closes it."""
    roots = (WHOLE.query_type, WHOLE.mutation_type, WHOLE.subscription_type)
    found = {kind.name: (f"{kind.name.lower()} {{ ", " }") for kind in roots if kind is not None}
    waiting = list(found)
    while waiting:
        name = waiting.pop(0)
        before, after = found[name]
        for key, kind in _onward(name):
            if kind not in found:
                found[kind] = (f"{before}{key} {{ ", f" }}{after}")
                waiting.append(kind)
    return found


def _onward(name: str) -> Iterator[tuple[str, str]]:
    kind = WHOLE.type_map[name]
    if isinstance(kind, GraphQLInterfaceType):
        yield from ((f"... on {one.name}", one.name) for one in WHOLE.get_possible_types(kind))
    for key, field in getattr(kind, "fields", {}).items():
        if not is_leaf_type(get_named_type(field.type)):
            yield key, get_named_type(field.type).name


WAYS = ways()
SCALARS = re.compile("cannot represent a (DateTime|Cursor)")


def document(place: str, inner: str = "__typename") -> str:
    """Return a document that asks for a field, and for `inner` below it."""
    name, field = coordinates(WHOLE)[place]
    before, after = WAYS[name]
    below = "" if is_leaf_type(get_named_type(field.type)) else f" {{ {inner} }}"
    return f"{before}{place.partition('.')[2]}{below}{after}"


def values_below(kind: Any, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield a selection for each value below a type, once through each type."""
    for key, field in getattr(kind, "fields", {}).items():
        below = get_named_type(field.type)
        if is_leaf_type(below):
            yield key
        elif below.name not in seen:
            yield from (f"{key} {{ {inner} }}" for inner in values_below(below, seen | {below.name}))
    for one in WHOLE.get_possible_types(kind) if is_abstract_type(kind) else ():
        yield from (f"... on {one.name} {{ {inner} }}" for inner in values_below(one, seen | {one.name}))


@settings(max_examples=20, deadline=None, phases=UNSHRUNK)
@given(GRANTS, st.integers(0, 10_000))
def test_what_fits_the_cut_is_allowed(grants: Grants, seed: int) -> None:
    cut = built(grants)
    documents = Documents(cut, ["x"], seed)
    fitting = [text for text in (documents.make() for _ in range(40)) if not validate(cut, parse(text))]
    assert fitting
    for text in fitting:
        problems = [one.message for one in validate(WHOLE, parse(text))]
        assert [one for one in problems if not SCALARS.search(one)] == [], text  # no text tells these
        assert allowed(text, grants), text


@settings(max_examples=20, deadline=None, phases=UNSHRUNK)
@given(GRANTS)
def test_what_is_left_out_is_refused(grants: Grants) -> None:
    left = coordinates(built(grants))
    gone = [place for place in coordinates(WHOLE) if place not in left]
    assume(gone)  # whoever holds everything has nothing left out
    for place in gone:
        if allowed(document(place), grants):  # the field itself is free, so everything below it must be refused
            kind = get_named_type(coordinates(WHOLE)[place][1].type)
            assert not is_leaf_type(kind), place
            for inner in values_below(kind):
                assert not allowed(document(place, inner), grants), document(place, inner)


def test_every_field_can_be_asked_for() -> None:
    """The test above reaches all of the schema, and its documents are good ones but for their arguments."""
    assert {name for name, _ in coordinates(WHOLE).values()} <= set(WAYS)
    for place in coordinates(WHOLE):
        assert allowed(document(place), EVERYTHING)
        problems = [one.message for one in validate(WHOLE, parse(document(place)))]
        assert [one for one in problems if not one.startswith("Argument ")] == [], place


def test_callers_of_each_kind_see_their_part() -> None:
    nobody = coordinates(built(Grants()))
    assert {"Mutation.signUp", "Mutation.signIn", "Query.me", "Account.id"} <= set(nobody)
    assert {name for name, _ in nobody.values()} & {"DomainConnection", "AccountPayload", "AuditEvent"} == set()
    holder = coordinates(built(Grants(HOLDER_SCOPES, frozenset({"user"}))))
    everything = set(coordinates(WHOLE))
    assert {place for place in everything - set(holder) if not place.startswith("AuditEvent")} == {
        "Query.auditEvents",
        "RowCount.type",
        "RowCount.rows",
    }
    agent = coordinates(built(Grants(AGENT_SCOPES, frozenset({"user"}))))
    assert {"Mutation.reportAgent", "Domain.name", "Order.names"} <= set(agent)
    assert "Account.email" not in agent


def test_whoever_holds_all_sees_all() -> None:
    assert set(coordinates(built(EVERYTHING))) == set(coordinates(build_schema(print_schema_text())))
    assert "@personalData(category:" in VISIBLE.text(EVERYTHING)


def test_categories_are_those_that_the_schema_shows_holders() -> None:
    """Each has words; none of those that only officers see can be granted to a holder's token."""
    holder = schema_map()
    officers = {tag.category for place, tag in holder.personal.items() if place.startswith("AuditEvent.")}
    assert {tag.category for tag in holder.personal.values()} - officers == set(CATEGORIES)
    page = (Path(__file__).resolve().parents[3] / "docs/reference/tokens.md").read_text(encoding="utf-8")
    assert [line for name, words in CATEGORIES.items() if (line := f"| `{name}` | {words} |") not in page] == []


def test_a_refusal_names_what_the_cut_left_out() -> None:
    decision = decide(planned("{ me { email } }").requirement, Grants(frozenset({"account:read"})))
    assert decision == Denied(("data:user.contact.email",))
    assert (
        "email" not in VISIBLE.text(Grants(frozenset({"account:read"}))).partition("type Account ")[2].partition("}")[0]
    )
