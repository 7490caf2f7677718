"""The register is printed from the tags, the same bytes each time, and no spreadsheet runs it."""

from __future__ import annotations

import csv
import io
import json
from enum import Enum
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from governance.catalog import Catalog
from governance.errors import IncompleteCatalog
from governance.register import FieldKind, RegisteredField, RegisterRow, register_rows
from governance.register_formats import SCHEMA_VERSION, as_csv, as_json, as_table
from governance.tags import Access, Erasure, NotPersonal, Origin, PersonalData, Retained, Unlinkable, tagged
from governance.vocabulary import LawfulBasis, PurposeEntry, RetentionEntry, Vocabulary

pytestmark = pytest.mark.clause("X-1")


class Purpose(Enum):
    LENDING = "lending"
    ORDER = "order"


class Retention(Enum):
    SHORT = "SHORT"


VOCABULARY = Vocabulary(
    {
        Purpose.LENDING: PurposeEntry("lend books", "2", LawfulBasis.CONTRACT, "leaving"),
        Purpose.ORDER: PurposeEntry("keep the house in order", "3", LawfulBasis.LEGITIMATE_INTERESTS, "objection"),
    },
    {Retention.SHORT: RetentionEntry("all", "a week", "minimisation")},
)


def tag(*purposes: Purpose, origin: Origin = Origin.PROVIDED, section: str = "1", **more: Any) -> PersonalData:
    return PersonalData("user.name", section, frozenset(purposes), origin, Retention.SHORT, **more)


def catalog() -> Catalog:
    metadata = MetaData()
    subject = Table("data_subject", metadata, Column("id", Integer, primary_key=True))
    kept = Retained("the law", "2030")
    Table(
        "reader",
        metadata,
        Column("id", ForeignKey(subject.c.id), primary_key=True),
        Column("name", String, info=tagged(tag(Purpose.LENDING, Purpose.ORDER, self_editable=True))),
        Column("seen", String, info=tagged(tag(Purpose.ORDER, origin=Origin.OBSERVED, portable_because="by choice"))),
        Column(
            "sum",
            String,
            info=tagged(
                tag(Purpose.ORDER, erasure=Erasure.RETAIN, retained=kept, recipients=("=the bank",), section="3")
            ),
        ),
        Column(
            "key",
            String,
            info=tagged(tag(Purpose.LENDING, origin=Origin.DERIVED, access=Access.EXCLUDED, excluded_because="a copy")),
        ),
        Column("shelf", String, info=tagged(NotPersonal("a place in the house"))),
    )
    Table(
        "visit",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("day", String, info=tagged(tag(Purpose.ORDER, origin=Origin.OBSERVED))),
        info={"data_subject": Unlinkable("only counted")},
    )
    return Catalog.of(VOCABULARY, metadata)


COOKIE = RegisteredField(FieldKind.COOKIE, "session", tag(Purpose.LENDING, origin=Origin.OBSERVED), "by its hash")
LOG = RegisteredField(FieldKind.LOG_FIELD, "address", tag(Purpose.ORDER, origin=Origin.OBSERVED), "nobody: truncated")
OUTGOING = RegisteredField(
    FieldKind.OUTGOING_FIELD, "bank.transfer.name", tag(Purpose.LENDING, recipients=("the bank",)), "by the transfer"
)


def rows() -> dict[str, RegisterRow]:
    return {row.name: row for row in register_rows(catalog(), (COOKIE, LOG, OUTGOING))}


def test_every_tagged_column_and_declared_field_has_one_row() -> None:
    assert [(row.section, row.kind, row.name) for row in register_rows(catalog(), (LOG, COOKIE))] == [
        ("1", "column", "reader.key"),
        ("1", "column", "reader.name"),
        ("1", "column", "reader.seen"),
        ("1", "column", "visit.day"),
        ("1", "cookie", "session"),
        ("1", "log_field", "address"),
        ("3", "column", "reader.sum"),
    ]


def test_a_row_says_all_that_the_tag_says() -> None:
    name = rows()["reader.name"]
    assert [str(purpose) for purpose in name.purposes] == ["lending (b) contract", "order (f) legitimate interests"]
    assert (name.retention, name.retention_period) == ("SHORT", "a week")
    assert (name.portable, name.portable_because, name.self_editable) == (True, "provided, on contract", True)
    assert name.person == "reader.id"
    assert (rows()["reader.seen"].portable, rows()["reader.seen"].portable_because) == (True, "by choice")
    total = rows()["reader.sum"]
    assert (total.retained_because, total.retained_until, total.recipients) == ("the law", "2030", ("=the bank",))
    assert (total.portable, total.portable_because) == (False, "")
    assert rows()["reader.key"].excluded_because == "a copy"
    assert rows()["visit.day"].person == "nobody: only counted"
    assert rows()["bank.transfer.name"].recipients == ("the bank",)


def test_the_same_catalogue_gives_the_same_bytes() -> None:
    first, second = register_rows(catalog(), (COOKIE, LOG)), register_rows(catalog(), (LOG, COOKIE))
    assert as_json(first) == as_json(second)
    assert as_csv(first) == as_csv(second)


def test_json_carries_its_version_and_every_row() -> None:
    document = json.loads(as_json(register_rows(catalog())))
    assert document["schema_version"] == SCHEMA_VERSION == 1
    assert [row["name"] for row in document["rows"]] == [
        "reader.key",
        "reader.name",
        "reader.seen",
        "visit.day",
        "reader.sum",
    ]
    assert document["rows"][1]["purposes"][0]["basis"] == "(b) contract"


def test_no_cell_starts_a_formula() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(register_rows(catalog())), newline="")))
    assert lines[-1]["recipients"] == "'=the bank"
    assert lines[1]["portable"] == "yes"
    assert as_csv(()) == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_each_start_of_a_formula_is_disarmed(start: str) -> None:
    field = RegisteredField(FieldKind.COOKIE, "session", tag(Purpose.LENDING), start + "1+1")
    (line,) = list(csv.DictReader(io.StringIO(as_csv(register_rows(catalog(), (field,))), newline="")))[-2:-1]
    assert line["person"] == "'" + start + "1+1"


def test_a_table_shows_the_columns_that_were_asked_for() -> None:
    header, first, *_ = as_table(register_rows(catalog()), ("name", "purposes", "portable"))
    assert header == ("name", "purposes", "portable")
    assert first == ("reader.key", "lending (b) contract", "no")


def test_a_catalogue_with_a_gap_prints_nothing() -> None:
    metadata = MetaData()
    Table("shelf", metadata, Column("id", Integer, primary_key=True), Column("text", String))
    with pytest.raises(IncompleteCatalog, match=r"shelf\.text"):
        register_rows(Catalog.of(VOCABULARY, metadata))


def test_a_field_declared_twice_or_in_unknown_words_is_named() -> None:
    with pytest.raises(IncompleteCatalog, match="cookie session is declared twice"):
        register_rows(catalog(), (COOKIE, COOKIE))

    class Other(Enum):
        GOSSIP = "gossip"

    stray = PersonalData("user.name", "1", frozenset({Other.GOSSIP}), Origin.PROVIDED, Retention.SHORT)
    with pytest.raises(IncompleteCatalog, match="session refers to an unknown purpose gossip"):
        register_rows(catalog(), (RegisteredField(FieldKind.COOKIE, "session", stray, "nobody"),))


def test_a_declared_field_is_no_column_and_what_leaves_names_who_gets_it() -> None:
    with pytest.raises(ValueError, match="tag"):
        RegisteredField(FieldKind.COLUMN, "reader.name", tag(Purpose.LENDING), "-")
    with pytest.raises(ValueError, match="recipient"):
        RegisteredField(FieldKind.OUTGOING_FIELD, "bank.transfer.name", tag(Purpose.LENDING), "-")
