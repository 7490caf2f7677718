"""Whatever the bytes of a body are, the answer is a typed refusal, and more than the limit is never kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.http.body import ClientLeft, read_body
from api.http.errors import BodyTooLarge, RequestRefused
from api.http.requests import parse_asked


class Wire:
    """The receiving side of a connection: gives its messages, and remembers how many were taken."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        return self.messages.pop(0)


def chunk(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": more}


MALFORMED = {
    "nothing": b"",
    "a string": b'"query"',
    "a number": b"42",
    "null": b"null",
    "true": b"true",
    "an array": b'[{"query": "{ me { id } }"}]',
    "an empty array": b"[]",
    "cut off": b'{"query": "{ me',
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "UTF-16": '{"query": "{me{id}}"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query": "{me{id}}"}',
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep variables": b'{"query":"{me{id}}","variables":{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
    "61 levels": b'{"query":"{me{id}}","variables":{"x":' + b"[" * 61 + b"]" * 61 + b"}}",
    "a huge integer": b'{"query":"{me{id}}","variables":{"x":' + b"9" * 5_000 + b"}}",
    "a huge float": b'{"query":"{me{id}}","variables":{"x":1e999}}',
    "NaN": b'{"query":"{me{id}}","variables":{"x":NaN}}',
    "Infinity": b'{"query":"{me{id}}","variables":{"x":-Infinity}}',
    "a member twice": b'{"query":"{me{id}}","query":"{node(id:1){id}}"}',
    "a variable twice": b'{"query":"{me{id}}","variables":{"x":1,"x":2}}',
    "no query": b"{}",
    "an empty query": b'{"query":"  "}',
    "a query that is no text": b'{"query":{"kind":"Document"}}',
    "a name that is no text": b'{"query":"{me{id}}","operationName":7}',
    "variables that are a list": b'{"query":"{me{id}}","variables":[]}',
    "variables that are text": b'{"query":"{me{id}}","variables":"{}"}',
    "extensions that are a list": b'{"query":"{me{id}}","extensions":[1]}',
    "NUL": b'{"query":"{me{id}}","variables":{"x":"a\\u0000b"}}',
    "NUL in a name": b'{"query":"{me{id}}","variables":{"a\\u0000b":1}}',
    "half of a surrogate pair": b'{"query":"{me{id}}","variables":{"x":["\\ud800"]}}',
    "half of a pair in the document": b'{"query":"{me{id}} #\\udfff"}',
    "single quotes": b"{'query': '{me{id}}'}",
    "a form": b"query=%7Bme%7Bid%7D%7D",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_refused(content: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_asked(content)
    assert (refused.value.code, refused.value.status) == ("BAD_REQUEST", 400)
    assert "othing ran" in refused.value.message


def test_a_request_is_read_with_what_it_may_hold() -> None:
    content = {"query": "{me{id}}", "variables": {"x": ["é", 1, 2.5, None, True]}, "extensions": {}, "unknown": [1]}
    request = parse_asked(json.dumps(content).encode())
    assert (request.document, request.operation_name, request.variables) == (
        "{me{id}}",
        None,
        {"x": ["é", 1, 2.5, None, True]},
    )
    assert parse_asked(b'{"query":"{me{id}}","variables":null,"operationName":""}').variables == {}


async def test_chunks_are_joined() -> None:
    wire = Wire(chunk(b"ab", more=True), chunk(b"", more=True), chunk(b"cd"))
    assert await read_body(wire, "", 4) == b"abcd"


@pytest.mark.parametrize("declared", ["5", "0005", "9" * 30, "9" * 5_000])
async def test_a_body_declared_too_large_is_not_read(declared: str) -> None:
    wire = Wire(chunk(b"abcde"))
    with pytest.raises(BodyTooLarge) as refused:
        await read_body(wire, declared, 4)
    assert (wire.taken, refused.value.status) == (0, 413)


@pytest.mark.parametrize("declared", ["", "-1", "²", "x", "4", "1e9"])
async def test_a_body_that_grows_too_large_is_left(declared: str) -> None:
    wire = Wire(chunk(b"abc", more=True), chunk(b"de", more=True), chunk(b"f"))
    with pytest.raises(BodyTooLarge):
        await read_body(wire, declared, 4)
    assert wire.taken == 2


async def test_a_caller_who_leaves_is_not_answered() -> None:
    with pytest.raises(ClientLeft):
        await read_body(Wire(chunk(b"a", more=True), {"type": "http.disconnect"}), "", 4)
