"""What would be dear to validate or run is refused before; nothing hides in a fragment or behind an escape."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query, parse

from api.execution import document as document_module
from api.execution.document import read_document
from api.execution.errors import DocumentRefused, DocumentTooLarge
from api.execution.literals import literals_of
from api.execution.shape import Limits
from api.kit.errors import CertificateManagerError
from api.kit.secrets import PrivateKeyRefused
from tests.unit.execution.sample import SCHEMA

ARMOUR = "-----BEGIN " + "PRIVATE KEY-----"


def fragments(count: int, body: str) -> str:
    chain = " ".join(f"fragment F{i} on Account {{ ...F{i + 1} }}" for i in range(count))
    return f"{{ me {{ ...F0 }} }} {chain} fragment F{count} on Account {{ {body} }}"


DEEP = "{ me { domains(first: 1) { owner " * 6 + "{ id }" + "} } }" * 6
LARGE = {
    "length": "{ me { id } } #" + "x" * 15_000,
    "tokens": "{ me { " + "id " * 1_600 + "} }",
    "500 repeated fields": "{ me {" + "domains(first: 1) { id } " * 200 + "} }",
    "repeats under aliases": "{ me {" + " ".join(f"a{i}: domains(first: {i}) {{ id }}" for i in range(60)) + "} }",
    "the same field side by side": "{ me { " + "id " * 101 + "} }",
    "aliases": "{ " + " ".join(f"a{i}: me {{ id }}" for i in range(31)) + " }",
    "aliases in a fragment that is spread often": "{ "
    + " ".join(f"a{i}: me {{ ...F }}" for i in range(8))
    + " } fragment F on Account { b: id c: email d: name e: id }",
    "aliases in an inline fragment": "{ ... on Query { " + " ".join(f"a{i}: me {{ id }}" for i in range(31)) + " } }",
    "aliases in an unused fragment": "{ me { id } } fragment F on Account { "
    + " ".join(f"a{i}: id" for i in range(31))
    + " }",
    "depth": "{ me { " + "domains(first: 1) { owner { " * 8 + "id" + " } }" * 8 + " } }",
    "depth through fragments": "{ me { ...A } } fragment A on Account { domains(first: 1) { owner { "
    "domains(first: 1) { owner { domains(first: 1) { owner { ...B } } } } } } } "
    "fragment B on Account { domains(first: 1) { owner { domains(first: 1) { owner { domains(first: 1) "
    "{ owner { domains(first: 1) { owner { id } } } } } } } } }",
    "fields through fragments that double": "{ me { ...A0 } } "
    + " ".join(f"fragment A{i} on Account {{ ...A{i + 1} x{i}: id ...A{i + 1} }}" for i in range(10))
    + "fragment A10 on Account { id email }",
    "operations": " ".join(f"query Q{i} {{ me {{ id }} }}" for i in range(11)),
    "fragments": fragments(45, "id"),
    "directives": "{ me { id " + "@include(if: true) " * 51 + "} }",
    "directives on spreads": "{ me { ...F " + "@include(if: true) " * 51 + "} } fragment F on Account { id }",
    "nesting": "{ a" * 300 + " }" * 300,
    "nesting of values": "{ node(id: " + "[" * 700 + "]" * 700 + ") { id } }",
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_too_much_is_refused_before_validation(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "validate", None)
    with pytest.raises(DocumentTooLarge) as refused:
        read_document(text, SCHEMA, Limits())
    assert "nothing ran" in refused.value.message


INVALID = {
    "a ring of fragments": "{ me { ...A } } fragment A on Account { ...B } fragment B on Account { ...A }",
    "a fragment in itself": "{ me { ...A } } fragment A on Account { id ...A }",
    "an unknown fragment": "{ me { ...Nowhere } }",
    "an unknown field": "{ nothing }",
    "an unused fragment": "{ me { id } } fragment A on Account { id }",
    "a type system definition": "type Evil { id: ID }",
    "an extension": "{ me { id } } extend type Query { evil: ID }",
    "a subscription": "subscription { me { id } }",
    "no operation": "fragment A on Account { id }",
    "no document": "hunter2",
    "conflicting names": "{ me { id: email id } }",
}


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_what_is_not_valid_is_refused(text: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        read_document(text, SCHEMA, Limits())
    assert refused.value.code == "DOCUMENT_INVALID"


def test_the_query_of_graphiql_fits() -> None:
    text = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert read_document(text, SCHEMA, Limits()) is not None


def spelled_out(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


PRIVATE = {
    "raw": f'{{ node(id: "{ARMOUR}") {{ id }} }}',
    "in a comment": f"{{ me {{ id }} }} # {ARMOUR}",
    "unicode escapes": f'{{ node(id: "{spelled_out(ARMOUR)}") {{ id }} }}',
    "braced escapes": '{ node(id: "' + "".join(f"\\u{{{ord(c):x}}}" for c in ARMOUR) + '") { id } }',
    "a block string": f'{{ node(id: """\n   {ARMOUR}\n""") {{ id }} }}',
    "a line break as escape": f'{{ node(id: "x\\n{ARMOUR}\\nMIIE") {{ id }} }}',
    "a default value": f'query($x: ID = "{spelled_out(ARMOUR)}") {{ node(id: $x) {{ id }} }}',
    "inside a list and an object": f'mutation {{ change(input: {{name: "{spelled_out(ARMOUR)}"}}) {{ id }} }}',
    "in an invalid document": f'{{ nothing(x: ["{spelled_out(ARMOUR)}"]) }}',
    "in another operation": f'query A {{ me {{ id }} }} query B {{ node(id: "{spelled_out(ARMOUR)}") {{ id }} }}',
    "in a directive": f'{{ me @include(if: "{spelled_out(ARMOUR)}") {{ id }} }}',
}


@pytest.mark.clause("3.3-a")
@pytest.mark.parametrize("text", PRIVATE.values(), ids=PRIVATE)
def test_a_private_key_is_found_as_the_string_is_meant(text: str) -> None:
    with pytest.raises(PrivateKeyRefused):
        read_document(text, SCHEMA, Limits())


@pytest.mark.clause("3.3-a")
def test_a_document_that_is_too_long_is_refused_unread() -> None:
    with pytest.raises(DocumentTooLarge) as refused:
        read_document("{ me { id } } #" + "x" * 20_000 + ARMOUR, SCHEMA, Limits())
    assert ARMOUR not in refused.value.message


@pytest.mark.parametrize("escape", ["\\u0000", "\\u{0}", "\\u{000000}"])
def test_a_character_that_no_text_keeps_is_refused(escape: str) -> None:
    with pytest.raises(DocumentRefused):
        read_document(f'{{ node(id: "a{escape}b") {{ id }} }}', SCHEMA, Limits())


def test_every_string_of_a_document_is_looked_at() -> None:
    text = 'query($x: ID = "a") @d(e: "b") { f(g: ["c", {h: "d"}]) @i(j: """e""") } fragment K on L { m(n: "f") }'
    assert sorted(literals_of(parse(text))) == ["a", "b", "c", "d", "e", "f"]


SECRET = "geheim-4711"
ECHOES = [
    f'{{ since(count: "{SECRET}") }}',
    f'{{ since(count: ["{SECRET}"]) }}',
    f'mutation {{ change(input: {{nam: "{SECRET}"}}) {{ id }} }}',
    f'mutation {{ change(input: {{name: "x", name: "{SECRET}"}}) {{ id }} }}',
    f'mutation {{ change(input: "{SECRET}") {{ id }} }}',
    f'mutation {{ change(input: {{name: {{a: "{SECRET}"}}}}) {{ id }} }}',
    f'mutation {{ change(input: {{name: "x", colour: "{SECRET}"}}) {{ id }} }}',
    f'query($x: Int = "{SECRET}") {{ since(count: $x) }}',
    f'{{ me @include(if: "{SECRET}") {{ id }} }}',
    f'{{ me {{ id }} }} "{SECRET}"',
    f'{{ me(x: "{SECRET}"',
    f'{{ me {{ id }} }} """{SECRET}"""',
    f'{{ me {{ id }} }} "\\q{SECRET}"',
    f'{{ me {{ id }} }} "{SECRET}',
    "{ since(count: 4711.25) }",
    "{ node(id: 4711e25) { id } }",
    "4711",
]


@pytest.mark.parametrize("text", ECHOES)
def test_no_message_repeats_a_literal(text: str) -> None:
    with pytest.raises(CertificateManagerError) as refused:
        read_document(text, SCHEMA, Limits())
    said = refused.value.message + repr(getattr(refused.value, "problems", ""))
    assert "geheim" not in said
    assert "4711" not in said


def test_messages_still_say_what_is_wrong() -> None:
    with pytest.raises(DocumentRefused) as refused:
        read_document('mutation { change(input: {nam: "x", count: "y"}) { idd } }', SCHEMA, Limits())
    messages = {message for message, _ in refused.value.problems}
    assert messages == {
        "An object `Change` lacks its required field `name`.",
        "An object `Change` has no field `nam`.",
        "A value is not a valid `Int`.",
        "Cannot query field 'idd' on type 'Account'. Did you mean 'id'?",
    }
