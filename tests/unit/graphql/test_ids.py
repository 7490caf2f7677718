"""Ids and cursors are opaque: what we did not make is nobody's, and is answered like a thing that is not there."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.audit import _cursor, _key
from api.graphql.connections import encode_cursor, page_bounds
from api.graphql.moments import in_utc
from api.graphql.nodes import KINDS, decode_id, encode_id, required_id, row_id
from api.kit.errors import InvalidInput, NotFound
from governance.audit.reading import EventKey
from governance.ids import EventId

ROW = UUID("01a20855-3f98-7e07-8cf9-b6420e440e1d")
OWN = str(encode_id("Order", ROW))


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_comes_back_as_what_it_was(kind: str) -> None:
    text = encode_id(kind, ROW)
    assert decode_id(text) == (kind, ROW)
    assert row_id(text, kind) == ROW
    assert kind not in text


FOREIGN = [
    "",
    "=",
    "x",
    str(ROW),
    OWN + "=",
    OWN + "A",
    OWN[:-1],
    " " + OWN,
    OWN.replace(OWN[0], "!", 1),
    OWN + "\n",
    "é" * 23,
    "\U0001f512" * 6,
    base64.b64encode(b"Order:1").decode(),
    base64.urlsafe_b64encode(b"\x00" + ROW.bytes).decode().rstrip("="),
    base64.urlsafe_b64encode(b"\xff" + ROW.bytes).decode().rstrip("="),
    "A" * 100_000,
]


@pytest.mark.parametrize("text", FOREIGN)
def test_an_id_that_is_not_ours_is_nobodys(text: str) -> None:
    assert decode_id(text) is None
    with pytest.raises(NotFound) as refused:
        required_id(text, "Order", "orderId")
    assert refused.value.field == ("orderId",)


def test_an_id_of_another_kind_is_answered_like_one_that_is_not_there() -> None:
    with pytest.raises(NotFound) as other_kind:
        required_id(str(encode_id("Domain", ROW)), "Order", "orderId")
    with pytest.raises(NotFound) as unknown:
        required_id("x", "Order", "orderId")
    assert other_kind.value.message == unknown.value.message


@given(st.text())
def test_any_text_as_id_or_cursor_is_refused_or_ours(text: str) -> None:
    found = decode_id(text)
    assert found is None or encode_id(*found) == text
    with suppress(InvalidInput):
        _, after = page_bounds(1, text)
        assert (after is None) == (text == "")


@pytest.mark.parametrize("first", [-1, 0, 101, 2**31 - 1, -(2**31)])
def test_a_page_has_bounds(first: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        page_bounds(first, None)
    assert refused.value.rule == "page-size"


def test_a_cursor_comes_back() -> None:
    assert page_bounds(100, encode_cursor(ROW)) == (100, ROW)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    ["x", encoded("now|" + str(ROW)), encoded("2026-01-01T00:00:00+00:00|7"), encoded("|"), encoded(""), "é",
     encoded(f"0001-01-01T00:00:00+14:00|{ROW}")],
)  # fmt: skip
def test_a_cursor_of_the_log_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        _key(text)


def test_a_cursor_of_the_log_comes_back() -> None:
    key = EventKey(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), EventId(ROW))
    assert _key(_cursor(key)) == key
    assert _key(encoded(f"2026-01-02T03:04:05|{ROW}")).at.tzinfo is UTC


def test_a_time_that_utc_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        in_utc(datetime.fromisoformat("9999-12-31T23:59:59-14:00"), "filter", "since")
    assert (refused.value.rule, refused.value.field) == ("moment", ("filter", "since"))
