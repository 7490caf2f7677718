"""A catalogue with a gap is refused, and each culprit is named."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from governance.catalog import Catalog, SubjectPath, subject_path
from governance.errors import IncompleteCatalog
from governance.tags import (
    Access,
    Erasure,
    NotPersonal,
    Origin,
    PersonalData,
    Retained,
    Tag,
    Through,
    Unlinkable,
    tagged,
)
from governance.vocabulary import LawfulBasis, PurposeEntry, RetentionEntry, Vocabulary

pytestmark = pytest.mark.clause("X-1")


class Purpose(Enum):
    LENDING = "lending"
    GOSSIP = "gossip"


class Retention(Enum):
    SHORT = "SHORT"
    NEVER = "NEVER"


VOCABULARY = Vocabulary(
    {Purpose.LENDING: PurposeEntry("lend", "1", LawfulBasis.CONTRACT, "leaving")},
    {Retention.SHORT: RetentionEntry("all", "a week", "minimisation")},
)


def tag(purpose: Purpose = Purpose.LENDING, retention: Retention = Retention.SHORT, **more: Any) -> PersonalData:
    return PersonalData("user.name", "1", frozenset({purpose}), Origin.PROVIDED, retention, **more)


def table(metadata: MetaData, name: str, *references: str, tagged_as: Tag | None = None, **more: Any) -> Table:
    """A table with an id, a column for each table it refers to (`name!`: set to null on erasure), and one text."""
    keys = [
        Column(f"{other}_id", ForeignKey(f"{other}.id", ondelete="SET NULL" if reference.endswith("!") else None))
        for reference in references
        for other in [reference.rstrip("!")]
    ]
    info = tagged(tagged_as) if tagged_as else {}
    return Table(
        name, metadata, Column("id", Integer, primary_key=True), *keys, Column("text", String, info=info), **more
    )


@pytest.fixture
def metadata() -> MetaData:
    metadata = MetaData()
    Table("data_subject", metadata, Column("id", Integer, primary_key=True))
    table(metadata, "reader", "data_subject", tagged_as=tag())
    return metadata


def problems(metadata: MetaData) -> str:
    with pytest.raises(IncompleteCatalog) as caught:
        Catalog.of(VOCABULARY, metadata).check()
    return str(caught.value)


def test_a_complete_catalogue_passes(metadata: MetaData) -> None:
    table(metadata, "loan", "reader", tagged_as=tag())
    table(metadata, "shelf", tagged_as=NotPersonal("a place in the house"))
    catalog = Catalog.of(VOCABULARY, metadata)
    catalog.check()
    assert [column.coordinate for column in catalog.columns] == ["loan.text", "reader.text"]
    path = catalog.paths["loan"]
    assert isinstance(path, SubjectPath)
    assert [source.name for source, _ in path.steps] == ["reader_id", "data_subject_id"]
    assert catalog.categories() == {"user.name"}


def test_an_untagged_column_is_named(metadata: MetaData) -> None:
    table(metadata, "shelf")
    assert "shelf.text carries no tag" in problems(metadata)


def test_a_tagged_row_that_leads_to_nobody_is_named(metadata: MetaData) -> None:
    table(metadata, "visit", tagged_as=tag())
    assert "visit has no path to a data subject" in problems(metadata)


def test_two_unnamed_paths_are_named_with_their_columns(metadata: MetaData) -> None:
    table(metadata, "guardian", "data_subject", tagged_as=tag())
    table(metadata, "consent", "reader", "guardian", tagged_as=tag())
    found = problems(metadata)
    assert "consent has several paths to a data subject (by guardian_id, reader_id)" in found


def test_a_named_path_settles_it(metadata: MetaData) -> None:
    table(metadata, "guardian", "data_subject", tagged_as=tag())
    table(metadata, "consent", "reader!", "guardian", tagged_as=tag(), info={"data_subject": Through("guardian_id")})
    catalog = Catalog.of(VOCABULARY, metadata)
    catalog.check()
    path = catalog.paths["consent"]
    assert isinstance(path, SubjectPath)
    assert [source.name for source, _ in path.steps] == ["guardian_id", "data_subject_id"]


@pytest.mark.parametrize("column", ["nowhere_id", "text", "shelf_id"])
def test_a_named_path_that_leads_nowhere_is_named(metadata: MetaData, column: str) -> None:
    table(metadata, "shelf", tagged_as=NotPersonal("a place in the house"))
    table(metadata, "loan", "reader", "shelf", tagged_as=tag(), info={"data_subject": Through(column)})
    assert f"loan has no path to a data subject by {column}" in problems(metadata)


def test_a_reference_into_a_governed_table_needs_a_path_even_without_tagged_columns(metadata: MetaData) -> None:
    table(metadata, "guardian", "data_subject", tagged_as=tag())
    table(metadata, "link", "reader", "guardian", tagged_as=NotPersonal("a word from a list"))
    assert "link has several paths" in problems(metadata)


def test_a_reference_from_a_table_that_leads_to_nobody_is_named(metadata: MetaData) -> None:
    table(
        metadata,
        "note",
        "reader",
        tagged_as=NotPersonal("a word from a list"),
        info={"data_subject": Unlinkable("nobody can be found by it")},
    )
    assert "note.reader_id refers to reader, though its rows lead to nobody" in problems(metadata)


def test_a_reference_beside_the_path_says_what_an_erasure_does_to_it(metadata: MetaData) -> None:
    table(metadata, "guardian", "data_subject", tagged_as=tag())
    table(metadata, "consent", "reader", "guardian", tagged_as=tag(), info={"data_subject": Through("guardian_id")})
    assert "consent.reader_id refers to reader beside the path of its row" in problems(metadata)


def test_rows_that_lead_to_nobody_may_say_why(metadata: MetaData) -> None:
    table(metadata, "counter", tagged_as=tag(), info={"data_subject": Unlinkable("keyed by a keyed hash")})
    Catalog.of(VOCABULARY, metadata).check()


def test_a_ring_of_tables_still_finds_the_person(metadata: MetaData) -> None:
    loan = table(metadata, "loan", "reader", "fine!", tagged_as=tag())
    fine = table(metadata, "fine", "loan", tagged_as=tag())
    Catalog.of(VOCABULARY, metadata).check()
    for ringed in (loan, fine):
        path = subject_path(ringed)
        assert isinstance(path, SubjectPath)
        assert path.steps[-1][0].name == "data_subject_id"


def test_unknown_purposes_and_classes_are_named(metadata: MetaData) -> None:
    table(metadata, "talk", "reader", tagged_as=tag(Purpose.GOSSIP, Retention.NEVER))
    found = problems(metadata)
    assert "talk.text refers to an unknown purpose gossip" in found
    assert "talk.text refers to an unknown retention class NEVER" in found


def test_all_culprits_are_named_at_once(metadata: MetaData) -> None:
    table(metadata, "shelf")
    table(metadata, "visit", tagged_as=tag())
    found = problems(metadata)
    assert "shelf.text" in found
    assert "visit" in found


@pytest.mark.parametrize(
    "wrong",
    [
        {"erasure": Erasure.RETAIN},
        {"retained": Retained("law", "2030")},
        {"access": Access.EXCLUDED},
        {"excluded_because": "shown elsewhere"},
    ],
)
def test_a_tag_must_give_its_reasons(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"user\.name"):
        tag(**wrong)


def test_data_without_a_purpose_may_not_be_kept() -> None:
    with pytest.raises(ValueError, match="purpose"):
        PersonalData("user.name", "1", frozenset(), Origin.PROVIDED, Retention.SHORT)


def test_not_personal_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="why"):
        NotPersonal(" ")
