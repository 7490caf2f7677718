"""What a request asks for: a document by its text or by its id, from a body or from an address."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.execution.trusted import TrustedDocuments, document_id
from api.http.errors import RequestRefused
from api.http.requests import Asked, parse_asked, parse_query

TEXT = "{me{id}}"
MEMBERS = ("query", "documentId", "operationName", "variables", "extensions")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.just("a" * 64),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["persistedQuery", "sha256Hash", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)
ID = document_id(TEXT)
HASH = ID.removeprefix("sha256:")


def persisted(digest: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


@pytest.mark.parametrize(
    ("members", "asked"),
    [
        ({"query": TEXT}, Asked(TEXT, None, None, {})),
        ({"documentId": ID}, Asked("", ID, None, {})),
        ({"documentId": ID, "query": ""}, Asked("", ID, None, {})),
        ({"documentId": ID, "query": TEXT, "operationName": ""}, Asked(TEXT, None, None, {})),
        ({"extensions": persisted(HASH)}, Asked("", ID, None, {}, apollo=True)),
        ({"extensions": persisted(HASH.upper()), "operationName": "A"}, Asked("", ID, "A", {}, apollo=True)),
        ({"extensions": persisted(HASH), "query": TEXT, "variables": {"a": 1}}, Asked(TEXT, None, None, {"a": 1})),
        ({"documentId": "any word"}, Asked("", "any word", None, {})),
    ],
)
def test_a_document_is_named_by_text_or_id(members: dict[str, Any], asked: Asked) -> None:
    assert parse_asked(json.dumps(members).encode()) == asked


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"documentId": 7},
        {"documentId": ""},
        {"documentId": ID, "query": "{me{email}}"},
        {"query": "{me{email}}", "extensions": persisted(HASH)},
        {"extensions": persisted(HASH[:-1])},
        {"extensions": persisted(None)},
        {"extensions": {"persistedQuery": []}},
        {"documentId": "a\x00"},
    ],
)
def test_what_does_not_name_one_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_asked(json.dumps(members).encode())
    assert refused.value.code == "BAD_REQUEST"


def test_an_address_names_the_same() -> None:
    variables = quote('{"a":["é"]}')
    query = f"query={quote(TEXT)}&variables={variables}&operationName=&extensions="
    assert parse_query(query.encode()) == Asked(TEXT, None, None, {"a": ["é"]})
    assert parse_query(f"documentId={quote(ID)}".encode()) == Asked("", ID, None, {})
    assert parse_query(f"documentId={quote(ID)}&variables=null&extensions=null".encode()) == Asked("", ID, None, {})
    by_apollo = quote(json.dumps(persisted(HASH)))
    assert parse_query(f"extensions={by_apollo}".encode()) == Asked("", ID, None, {}, apollo=True)


@pytest.mark.parametrize(
    "query",
    [b"", b"query=%7B&query=%7B", b"query=%FF", b"query=\xff", b"query=a%00b", b"query=a&variables=[1]",
     b"query=a&variables={", b"query=a&extensions=7", b"&".join([b"a=1"] * 30), b"variables={}"],
)  # fmt: skip
def test_an_address_that_cannot_be_read_is_refused(query: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_query(query)
    assert refused.value.status == 400


@given(st.binary(max_size=60))
@example(b'{"query":"\xff"}')
def test_any_bytes_make_a_request_or_a_refusal(content: bytes) -> None:
    for read in (parse_asked, parse_query):
        with suppress(RequestRefused):
            assert isinstance(read(content), Asked)


@given(
    st.dictionaries(st.sampled_from(["query", "documentId", "operationName", "variables", "extensions"]), JSON_VALUES)
)
def test_any_members_make_a_request_or_a_refusal(members: dict[str, Any]) -> None:
    with suppress(RequestRefused):
        asked = parse_asked(json.dumps(members).encode())
        assert bool(asked.document) is (asked.document_id is None)


def test_trusted_documents_are_known_by_their_exact_text() -> None:
    documents = TrustedDocuments(TEXT)
    assert documents.text_of(ID) == TEXT
    assert documents.text_of(ID.upper()) is documents.text_of(HASH) is documents.text_of("") is None
    assert documents.holds(TEXT)
    assert not documents.holds(TEXT + " ")
    assert documents.add("{a}") == document_id("{a}")
    assert [*documents] == [ID, document_id("{a}")]
    assert len(documents) == 2


@pytest.mark.parametrize(
    ("given", "told"), [("[1]", "is not a JSON object"), ("{", "is not JSON"), ('{"a":1,"a":2}', "twice")]
)
def test_what_is_wrong_with_variables_in_an_address_is_told_of_them(given: str, told: str) -> None:
    with pytest.raises(RequestRefused, match=f"`variables` in the address .*{told}"):
        parse_query(f"query=%7Ba%7D&variables={quote(given)}".encode())
