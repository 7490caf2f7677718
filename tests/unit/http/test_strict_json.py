"""The quick way of reading JSON answers as the strict way does, or leaves it to the strict way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.http.errors import RequestRefused
from api.http.strict_json import _quick, parse_object, parse_object_strictly
from tests.unit.http.test_body import MALFORMED

TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(["\\", '"', "\\u0000", '\\"', "é", "\u2028", "a\nb"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=True, allow_infinity=True)
    | TEXTS
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


def read(body: bytes) -> tuple[Any, ...]:
    """Return what the strict way says, with the types of all that is in it."""
    try:
        value = parse_object_strictly(body)
    except RequestRefused as error:
        return ("refused", error.message)
    return ("read", repr(value))


def agrees(body: bytes) -> bool:
    """Compare the two ways; tell whether the quick one answered."""
    quick = _quick(body)
    if quick is not None:
        assert read(body) == ("read", repr(quick))
    return quick is not None


@settings(max_examples=400)
@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans(), st.sampled_from([None, 2]))
def test_what_is_json_reads_alike(value: dict[str, Any], ascii_only: bool, indent: int | None) -> None:
    agrees(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass"))


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(st.sampled_from(['"a"', '"b"', '"\\u0061"', '"a\\""', '"\\\\"']), VALUES.map(json.dumps)), max_size=5
    )
)
def test_doubled_members_are_never_taken(members: list[tuple[str, str]]) -> None:
    inner = "{" + ",".join(f"{name}:{value}" for name, value in members) + "}"
    agrees(inner.encode())
    agrees(f'{{"query":"x","variables":{inner}}}'.encode())


@settings(max_examples=600)
@given(
    st.lists(
        st.sampled_from(
            [*'{}[]:,"\\/ \t\n0123456789-+.eEaubn', "true", "null", "NaN", '"a":', "\\u00", "\x00", "\xe9", "\\ud800"]
        )
        | st.text(max_size=2),
        max_size=30,
    )
)
def test_any_text_reads_alike(parts: list[str]) -> None:
    text = "".join(parts)
    for body in (text, "{" + text + "}", f'{{"a":{text}}}', f'{{"a":"{text}"}}'):
        agrees(body.encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(st.binary(max_size=40))
@example(b'{"a":"\xed\xa0\x80"}')
@example(b'{"a":-0}')
@example(b'{"a":01}')
@example(b'{"a":1.}')
@example(b'{"a":"\x7f\x1f"}')
@example(b'{"a":1}\x00')
@example(b'\xef\xbb\xbf{"a":1}')
def test_any_bytes_read_alike(body: bytes) -> None:
    agrees(body)
    agrees(b'{"a":"' + body + b'"}')


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_reads_alike(content: bytes) -> None:
    agrees(content)


@pytest.mark.parametrize(
    "body",
    [
        b'{"query":"query Q($n: Int!) {\\n  me { domains(first: $n) { totalCount } }\\n}","variables":{"n":20}}',
        b'{"query":"{ node(id: \\"x\\") { id } }","operationName":null,"variables":{"a":[true,null,{"b":"\xc3\xa9"}]}}',
        b"{}",
    ],
)
def test_ordinary_requests_take_the_quick_way(body: bytes) -> None:
    assert agrees(body)
    assert parse_object(body) == json.loads(body)


@pytest.mark.parametrize(
    "body", [b'{"a":1,"a":1}', b'{"a":{"b":"","b":""}}', b'{"a":1.5}', b'{"a":"\\\\"}', b"[]", b"7"]
)
def test_doubtful_ones_do_not(body: bytes) -> None:
    assert not agrees(body)
