"""One walk says what an operation shows and needs, however it is written."""

from __future__ import annotations

import pytest

from api.execution.errors import OperationNotFound, RepeatedField
from api.execution.plan import SEVERAL, Plan
from api.models import Purpose
from tests.unit.execution.sample import plans


def plan(text: str, name: str | None = None) -> Plan:
    return plans().plan(text, name)


SAME_FIELD = {
    "plain": "{ me { email } }",
    "alias": "{ x: me { y: email } }",
    "fragment": "{ me { ...F } } fragment F on Account { email }",
    "nested fragments": "{ ...A } fragment A on Query { me { ...B } } fragment B on Account { ...C } "
    "fragment C on Account { email }",
    "inline fragment": "{ me { ... on Account { email } } }",
    "untyped inline fragment": "{ me { ... @include(if: true) { email } } }",
    "inline fragment on an interface": "{ node(id: 1) { ... on Account { email } } }",
    "interface within a type": "{ me { ... on Node { ... on Account { email } } } }",
    "skipped, perhaps": "query($x: Boolean!) { me { email @skip(if: $x) id } }",
    "twice": "{ me { email email } }",
}


@pytest.mark.parametrize("text", SAME_FIELD.values(), ids=SAME_FIELD)
def test_a_field_counts_however_it_is_written(text: str) -> None:
    found = plan(text)
    assert found.coordinates == {"Account.email"}
    assert found.requirement.scopes == {"account:read"}
    assert found.requirement.categories == {"user.contact.email"}
    assert found.purposes == {Purpose.ACCOUNT.value}


def test_only_the_chosen_operation_counts() -> None:
    text = "query A { me { email } } query B { me { ...F } } fragment F on Account { name }"
    assert plan(text, "A").coordinates == {"Account.email"}
    assert plan(text, "B").coordinates == {"Account.name"}


def test_a_field_of_an_interface_counts_for_every_type_behind_it() -> None:
    assert plan("{ node(id: 1) { id } }").coordinates == set()
    assert plan("{ node(id: 1) { ... on Domain { name } } }").coordinates == {"Domain.name"}


def test_introspection_needs_its_scope_and_type_names_do_not() -> None:
    assert plan("{ __schema { types { name } } }").requirement.scopes == {"schema:read"}
    assert plan('{ ...F } fragment F on Query { x: __type(name: "A") { name } }').requirement.scopes == {"schema:read"}
    assert plan("{ __typename me { __typename } }").requirement.scopes == set()


def test_a_scope_on_the_way_counts() -> None:
    assert plan("{ me { domains(first: 1) { id } } }").requirement.scopes == {"domains:read"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("query A { me { id } } query B { me { id } }", None),
        ("query A { me { id } } query B { me { id } }", "C"),
        ("{ me { id } }", "A"),
    ],
)
def test_exactly_one_operation_is_meant(text: str, name: str | None) -> None:
    with pytest.raises(OperationNotFound):
        plan(text, name)


ALIASED = {
    "aliases": "mutation { a: signIn b: signIn }",
    "alias and plain": "mutation { signIn b: signIn }",
    "in a fragment": "mutation { signIn ...F } fragment F on Mutation { b: signIn }",
    "in nested fragments": "mutation { ...F } fragment F on Mutation { a: signIn ... on Mutation { ...G } } "
    "fragment G on Mutation { b: signIn }",
    "in inline fragments": "mutation { ... { a: signIn } ... on Mutation { b: signIn } }",
}


@pytest.mark.parametrize("text", ALIASED.values(), ids=ALIASED)
def test_what_may_be_tried_once_is_not_tried_twice(text: str) -> None:
    with pytest.raises(RepeatedField) as refused:
        plan(text)
    assert "`signIn`" in refused.value.message


def test_once_is_allowed_also_under_another_name() -> None:
    assert plan("mutation { a: signIn ...F } fragment F on Mutation { a: signIn }").label == "signIn"


def test_labels_are_root_fields_and_names_are_bounded() -> None:
    assert plan("query Mine { me { id } }").label == "me"
    assert plan("query Mine { me { id } }").operation == "me"
    assert plan("{ me { id } node(id: 1) { id } }").label == SEVERAL
    assert plan("query John_Doe_born_1980 { me { id } node(id: 1) { id } }").operation == "me,node"


def test_a_document_is_planned_once() -> None:
    kept = plans()
    assert kept.plan("{ me { id } }", None) is kept.plan("{ me { id } }", None)


def test_the_memory_of_plans_is_bounded() -> None:
    kept = plans()
    kept._budget = 20_000
    first = kept.plan("{ me { id } } # 1", None)
    for number in range(50):
        kept.plan(f"{{ me {{ id }} }} # {number:>30}", None)
    assert kept.plan("{ me { id } } # 1", None) is not first
    assert kept.used <= 20_000
