"""Ids and cursors are opaque: an id we did not make is nobody's, a cursor we did not make is no input."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry import ID
from strawberry.exceptions import StrawberryInputCoercionError

from api.graphql.audit import AuditEventFilter, _filter, _key
from api.graphql.connections import page_bounds
from api.graphql.cursors import Cursor, decode_cursor, encode_cursor
from api.graphql.moments import parse_moment
from api.graphql.nodes import KINDS, decode_id, encode_id, required_id, row_id
from api.kit.errors import NotFound
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
    with suppress(StrawberryInputCoercionError):
        assert encode_cursor(decode_cursor(text)) == text


@pytest.mark.parametrize(
    ("asked", "given_size"), [(-(2**31), 0), (-1, 0), (0, 0), (1, 1), (100, 100), (101, 100), (2**31 - 1, 100)]
)
def test_a_size_is_brought_into_its_bounds(asked: int, given_size: int) -> None:
    assert page_bounds(asked, None) == (given_size, None)


def test_a_cursor_comes_back() -> None:
    assert page_bounds(100, decode_cursor(encode_cursor(Cursor(ROW)))) == (100, ROW)


@given(st.uuids(), st.none() | st.datetimes(timezones=st.just(UTC)))
def test_every_cursor_comes_back(row: UUID, at: datetime | None) -> None:
    text = encode_cursor(Cursor(row, at))
    assert decode_cursor(text) == Cursor(row, at)
    assert str(row) not in text


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "value",
    ["", "x", "é", "=", " ", encoded(b""), encoded(ROW.bytes[:15]), encoded(ROW.bytes + b"x"), encoded(b"x" * 23),
     encoded(b"\x7f" + b"\xff" * 23), encoded(ROW.bytes) + "=", encoded(ROW.bytes)[:-1] + "/", "A" * 100_000,
     7, None, True, 1.5, [encoded(ROW.bytes)], {"id": 1}],
)  # fmt: skip
def test_what_is_no_cursor_is_refused_without_repeating_it(value: object) -> None:
    with pytest.raises(StrawberryInputCoercionError) as refused:
        decode_cursor(value)
    assert (
        refused.value.message == "Value cannot represent a Cursor: take it from `pageInfo` or an edge, as it was given."
    )


def test_a_cursor_of_the_log_comes_back() -> None:
    key = EventKey(datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), EventId(ROW))
    assert _key(decode_cursor(encode_cursor(Cursor(key.id, key.at)))) == key
    assert _key(None) is None


def test_a_cursor_of_another_list_is_the_moment_its_row_was_made() -> None:
    made = datetime.fromtimestamp((ROW.int >> 80) / 1000, UTC)
    assert _key(Cursor(ROW)) == EventKey(made, EventId(ROW))
    assert Cursor(UUID(int=2**128 - 1)).moment.year == 9999


def test_a_pseudonym_that_is_none_matches_nobody() -> None:
    chosen = _filter(AuditEventFilter(actor=ID("x"), data_subject=ID("")))
    assert chosen.actor == chosen.data_subject == UUID(int=0)


@pytest.mark.parametrize(
    "value",
    ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "10000-01-01T00:00:00Z", "now", "",
     "2026-02-30T00:00:00Z", 7, None, True, ["2026-01-01T00:00:00Z"]],
)  # fmt: skip
def test_a_moment_that_utc_does_not_have_is_refused_as_input(value: object) -> None:
    with pytest.raises(StrawberryInputCoercionError):
        parse_moment(value)


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T05:04:05+02:00"])
def test_a_moment_is_in_utc(text: str) -> None:
    assert parse_moment(text) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert parse_moment(text).tzinfo is UTC
