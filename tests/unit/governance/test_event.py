"""The stored form of an event is pinned to the byte: it is what is hashed, for ever."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.audit.event import (
    Actor,
    AuditEvent,
    EventKind,
    Outcome,
    Person,
    SealedPart,
    StoredEvent,
    canonical,
    store_form,
)
from governance.audit.header import parse_header
from governance.audit.trail import event_row
from governance.errors import GovernanceError
from governance.ids import DataSubjectId, EventId, Pseudonym

ADA = Person(DataSubjectId(UUID(int=1)), Pseudonym(UUID("aaaaaaaa-0000-4000-8000-000000000001")))
BOB = Person(DataSubjectId(UUID(int=2)), Pseudonym(UUID("bbbbbbbb-0000-4000-8000-000000000002")))
ID = EventId(UUID("01932f00-0000-7000-8000-000000000003"))
AT = datetime(2026, 11, 23, 12, 0, 0, 7, tzinfo=UTC)
EVENT = AuditEvent(
    kind=EventKind.DISCLOSURE,
    actor=Actor(ADA.pseudonym, "holder"),
    operation="Me",
    outcome=Outcome.ALLOWED,
    document="9f86d081",
    purposes=frozenset({"service_mail", "account"}),
    categories=frozenset({"user.name", "user.contact.email"}),
    coordinates=frozenset({"Account.email", "Account.displayName"}),
    data_subjects=frozenset({BOB.pseudonym}),
    row_counts={"Domain": 2, "Account": 1},
    clauses=frozenset({"8.1-a", "4.1-b"}),
    request_id="r-1",
    sealed={ADA: {"address": "192.0.2.7"}},
)
PARTS = (SealedPart(ADA.pseudonym, b"ciphertext"),)
GOLDEN = (
    '{"actor":{"pseudonym":"aaaaaaaa-0000-4000-8000-000000000001","role":"holder"},'
    '"at":"2026-11-23T12:00:00.000007Z","categories":["user.contact.email","user.name"],'
    '"clauses":["4.1-b","8.1-a"],"coordinates":["Account.displayName","Account.email"],'
    '"data_subjects":["aaaaaaaa-0000-4000-8000-000000000001","bbbbbbbb-0000-4000-8000-000000000002"],'
    '"id":"01932f00-0000-7000-8000-000000000003","kind":"disclosure",'
    '"operation":{"document":"9f86d081","name":"Me"},"outcome":"allowed","purposes":["account","service_mail"],'
    '"request":"r-1","rows":{"Account":1,"Domain":2},'
    '"sealed":[{"data_subject":"aaaaaaaa-0000-4000-8000-000000000001",'
    '"sha256":"305531dcc50ebca31cf1d5b31e9fc76ed51f66b3b6dd5a030c6539ae6532f979"}],"v":1}'
)


def stored(**changes: Any) -> StoredEvent:
    return store_form(replace(EVENT, **changes), ID, AT, PARTS)


@pytest.mark.clause("X-3")
def test_the_header_is_pinned_to_the_byte() -> None:
    assert stored().header == GOLDEN


def test_the_header_never_holds_what_is_sealed() -> None:
    assert "192.0.2.7" not in stored().header
    assert str(ADA.id) not in stored().header


def test_every_part_of_an_event_reaches_the_header_or_the_sealed_parts() -> None:
    changed: dict[str, Any] = {
        "kind": EventKind.CHANGE,
        "actor": Actor(None, "job"),
        "operation": "You",
        "outcome": Outcome.DENIED,
        "document": "",
        "purposes": frozenset(),
        "categories": frozenset(),
        "coordinates": frozenset(),
        "data_subjects": frozenset(),
        "row_counts": {},
        "clauses": frozenset(),
        "request_id": "",
        "sealed": {},
    }
    assert set(changed) == {field.name for field in fields(AuditEvent)}
    for name, value in changed.items():
        assert stored(**{name: value}).header != GOLDEN, name


def test_the_columns_repeat_the_header() -> None:
    row = event_row(stored())
    header = parse_header(str(row["header"]))
    assert row == {
        "id": header.id,
        "at": header.at,
        "kind": header.kind.value,
        "outcome": header.outcome.value,
        "actor": header.actor.pseudonym,
        "data_subjects": list(header.data_subjects),
        "header": GOLDEN,
    }


def test_nobody_is_written_as_null() -> None:
    header = parse_header(stored(actor=Actor(None, "anonymous")).header)
    assert header.actor.pseudonym is None


@pytest.mark.parametrize(
    "change", [('"v":1', '"v":2'), ('"rows"', '"lines"'), ('"clauses":["4.1-b","8.1-a"],', ""), ("}", "")]
)
def test_a_header_of_another_format_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(GovernanceError, match="newer format"):
        parse_header(GOLDEN.replace(*change))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_canonical_form_is_one_text_for_one_value(value: dict[str, Any]) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    assert canonical(dict(reversed(value.items()))) == text
    sorted_by_code_point = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(sorted_by_code_point) == json.loads(text)
    assert list(json.loads(text)) == sorted(value)


@given(st.dictionaries(TEXTS, st.integers(0, 9), max_size=4), st.frozensets(TEXTS, max_size=3))
def test_any_header_reads_back(rows: dict[str, int], names: frozenset[str]) -> None:
    header = parse_header(stored(row_counts=rows, coordinates=names, operation="".join(sorted(names))).header)
    assert header.row_counts == rows
    assert set(header.coordinates) == names


def test_a_text_that_is_no_unicode_is_refused_before_it_is_written() -> None:
    with pytest.raises((UnicodeEncodeError, msgspec.MsgspecError)):
        stored(operation="\ud800")


def test_microseconds_are_always_written_and_time_is_utc() -> None:
    assert '"at":"2026-11-23T12:00:00.000000Z"' in store_form(EVENT, ID, AT.replace(microsecond=0), ()).header
    kuwait = AT.astimezone(timezone(timedelta(hours=3)))
    assert store_form(EVENT, ID, kuwait, PARTS).header == GOLDEN
