"""A caller's cut of a schema: what is left builds, and nothing is left that leads nowhere."""

from __future__ import annotations

import pytest
from graphql import build_schema, parse, validate_schema

from governance.access import Grants
from governance.visible_schema import VisibleSchema

SDL = """
directive @marked(why: Why!) on FIELD_DEFINITION
directive @unused(text: Text) on FIELD_DEFINITION
enum Why { LAW HABIT }
enum Colour { RED }
scalar Text
scalar Never
interface Named { name: String  secret: Text }
interface Lonely { lone: Int }
type Cat implements Named & Lonely { name: String  secret: Text  lone: Int  owner: Person @marked(why: LAW) }
type Dog implements Named { name: String  secret: Text }
type Stray implements Lonely { lone: Int }
type Person { email: String  diary: Diary  pets: [Pet!]! }
type Diary { page: Page! }
type Page { text: Text }
type Hidden { never: Never }
union Pet = Cat | Dog
input Filter { colour: Colour  deeper: Deeper }
input Deeper { text: Text }
type Query { cat: Cat  named: Named  pets(filter: Filter): [Pet!]! }
type Mutation { feed(what: Text): Cat }
"""
SCOPES = {"Dog.secret": "dogs", "Mutation.feed": "write", "Query.pets": "pets"}
CATEGORIES = {"Page.text": "user.diary", "Person.email": "user.contact.email"}
VISIBLE = VisibleSchema(SDL, SCOPES, CATEGORIES, kept=2)
ALL = Grants(frozenset({"dogs", "write", "pets"}), frozenset({"user"}))


def cut(*scopes: str, categories: frozenset[str] = frozenset({"user"})) -> set[str]:
    """Return the coordinates, types and directives that are left."""
    text = VISIBLE.text(Grants(frozenset(scopes), categories))
    assert validate_schema(build_schema(text)) == []
    left: set[str] = set()
    for node in parse(text).definitions:
        name = node.name.value  # type: ignore[attr-defined]
        left.add(name)
        left |= {f"{name}.{field.name.value}" for field in getattr(node, "fields", None) or ()}
    return left


def test_whoever_holds_all_sees_all_that_something_leads_to() -> None:
    left = cut("dogs", "write", "pets")
    assert {"Mutation.feed", "Dog.secret", "Named.secret", "Person.email", "Page.text", "marked", "Why"} <= left
    assert left & {"unused", "Never", "Hidden"} == set()


def test_a_field_of_an_interface_is_left_out_if_any_type_behind_it_would_be_refused() -> None:
    left = cut()
    assert left & {"Named.secret", "Dog.secret"} == set()
    assert {"Named.name", "Cat.secret", "Dog.name"} <= left


def test_what_is_empty_goes_with_whatever_leads_to_it() -> None:
    left = cut(categories=frozenset({"user.contact"}))
    assert left & {"Page", "Diary", "Diary.page", "Person.diary"} == set()
    assert {"Person.email", "Person.pets", "Pet"} <= left


def test_a_root_without_fields_goes_and_so_do_inputs() -> None:
    assert "Mutation" not in cut()
    assert cut() & {"Query.pets", "Filter", "Deeper", "Colour"} == set()
    assert {"Filter.deeper", "Deeper.text", "Colour"} <= cut("pets")


def test_an_interface_that_is_merely_implemented_leads_to_nothing_else() -> None:
    assert {"Lonely.lone", "Cat.lone"} <= cut()
    assert "Stray" not in cut()


def test_directives_stay_where_they_are_applied() -> None:
    assert "owner: Person @marked(why: LAW)" in VISIBLE.text(ALL)


def test_gaps_are_not_shown_and_equal_callers_share_a_text() -> None:
    gaps = Grants(ALL.scopes, frozenset({"user.contact"}), missing_as_null=True)
    text = VISIBLE.text(gaps)
    assert "page: Page" not in text
    assert text is VISIBLE.text(Grants(ALL.scopes, frozenset({"user.contact"})))


@pytest.mark.parametrize("callers", [3, 50])
def test_few_texts_are_kept(callers: int) -> None:
    visible = VisibleSchema(SDL, SCOPES, CATEGORIES, kept=2)
    for number in range(callers):
        visible.text(Grants(frozenset({str(number)})))
    assert len(visible._texts) == 2


def test_an_argument_that_tells_of_a_category_is_cut_for_who_lacks_it() -> None:
    visible = VisibleSchema(SDL, {}, {}, arguments={"Query.pets(filter:)": frozenset({"user.name"})})
    assert "pets(filter: Filter)" in visible.text(Grants(frozenset(), frozenset({"user"})))
    narrow = visible.text(Grants(frozenset(), frozenset({"user.contact"})))
    assert "pets: [Pet!]!" in narrow
    assert "Filter" not in narrow
