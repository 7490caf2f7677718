"""A column reaches the schema in one way only, and what it shows is noted before it leaves."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
import strawberry
from sqlalchemy import String, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from governance.audit.disclosures import Disclosures
from governance.errors import CategoryNotGranted, IncompleteCatalog
from governance.graphql import Governed, exposures, schema_tags, unmarked_fields
from governance.ids import Pseudonym, new_pseudonym
from governance.tags import Access, NotPersonal, Origin, PersonalData, combined, tagged
from governance.vocabulary import LawfulBasis, PurposeEntry, RetentionEntry, Vocabulary


class Purpose(Enum):
    LENDING = "lending"
    MAIL = "mail"


class Retention(Enum):
    SHORT = "SHORT"
    LONG = "LONG"


VOCABULARY = Vocabulary(
    {
        Purpose.LENDING: PurposeEntry("lend", "1", LawfulBasis.CONTRACT, "leaving"),
        Purpose.MAIL: PurposeEntry("write", "2", LawfulBasis.CONSENT, "one click"),
    },
    {
        Retention.SHORT: RetentionEntry("all", "a week", "minimisation"),
        Retention.LONG: RetentionEntry("loans", "a year", "contract"),
    },
)


def held(category: str, purposes: set[Purpose], retention: Retention = Retention.SHORT, **more: Any) -> dict[str, Any]:
    return tagged(PersonalData(category, "1", frozenset(purposes), Origin.PROVIDED, retention, **more))


class Base(DeclarativeBase):
    pass


class ReaderRow(Base):
    __tablename__ = "reader"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    first_name: Mapped[str] = mapped_column(info=held("user.name.first", {Purpose.LENDING, Purpose.MAIL}))
    last_name: Mapped[str] = mapped_column(info=held("user.name.last", {Purpose.LENDING}))
    note: Mapped[str] = mapped_column(info=held("user.content", {Purpose.LENDING}, Retention.LONG))
    shelf: Mapped[str] = mapped_column(String(3), info=tagged(NotPersonal("a place in the house")))
    forgotten: Mapped[str]


personal = Governed(Purpose, Retention, VOCABULARY)
READ: list[str] = []
"""What resolvers were run."""


@strawberry.interface
class Named:
    row: strawberry.Private[ReaderRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    first_name: str = personal.field(ReaderRow.first_name, description="The first name.")


@strawberry.type
class Reader(Named):
    last_name: str | None = personal.field(ReaderRow.last_name, description="The last name.", name="familyName")
    shelf: str = personal.plain(ReaderRow.shelf, description="The shelf.")

    @personal.field(ReaderRow.first_name, derived_from=(ReaderRow.last_name,), description="Both names.")
    async def full_name(self) -> str:
        READ.append("fullName")
        return f"{self.row.first_name} {self.row.last_name}"

    @personal.field(ReaderRow.last_name, description="The initial.")
    def initial(self) -> str:
        READ.append("initial")
        return self.row.last_name[0]

    @personal.computed("the same for everybody", description="A greeting.")
    def greeting(self) -> str:
        return "hello"


@strawberry.type
class Nameless:
    row: strawberry.Private[ReaderRow]
    first_name: str = personal.field(ReaderRow.first_name, description="The first name.")


ADA = ReaderRow(id=UUID(int=1), first_name="Ada", last_name="Lovelace", shelf="A1")
BOB = ReaderRow(id=UUID(int=2), first_name="Bob", last_name=None, shelf="B1")
ABOUT = {1: new_pseudonym(), 2: new_pseudonym()}


@strawberry.type
class Query:
    @strawberry.field
    def readers(self) -> list[Reader]:
        return [Reader(row=row, about=(ABOUT[row.id.int],)) for row in (ADA, BOB)]

    @strawberry.field
    def first(self) -> Named:
        return Reader(row=ADA, about=(ABOUT[1],))

    @strawberry.field
    def broken(self) -> Nameless:
        return Nameless(row=ADA)

    @strawberry.field
    def unsaid(self) -> int:
        return 1


SCHEMA = strawberry.Schema(Query, types=[Reader])


@dataclass
class Context:
    disclosures: Disclosures = field(default_factory=Disclosures)
    masked: frozenset[str] = frozenset()


async def run(document: str, *masked: str) -> tuple[Any, Disclosures]:
    context = Context(masked=frozenset(masked))
    return await SCHEMA.execute(document, context_value=context), context.disclosures


def test_the_tag_is_printed_on_the_field() -> None:
    text = SCHEMA.as_str()
    assert (
        'familyName: String @personalData(category: "user.name.last", purposes: [LENDING], origin: PROVIDED, '
        "retention: SHORT, erasure: DELETE, portable: true)"
    ) in text
    assert "shelf: String!\n" in text
    assert '"""write (section 2; GDPR Art. 6(1)(a))"""\n  MAIL' in text
    assert '"""loans: a year"""\n  LONG' in text


async def test_each_shown_field_is_noted_with_its_person_even_when_it_is_empty() -> None:
    answer, disclosures = await run("{ readers { firstName familyName shelf } }")
    assert answer.data == {
        "readers": [
            {"firstName": "Ada", "familyName": "Lovelace", "shelf": "A1"},
            {"firstName": "Bob", "familyName": None, "shelf": "B1"},
        ]
    }
    assert disclosures.coordinates == {"Reader.firstName", "Reader.familyName"}
    assert disclosures.data_subjects == {ABOUT[1], ABOUT[2]}
    assert disclosures.row_counts == {"Reader": 2}


async def test_only_what_was_asked_for_is_noted() -> None:
    answer, disclosures = await run("{ readers { shelf greeting } }")
    assert answer.errors is None
    assert not disclosures


async def test_a_derived_field_discloses_under_the_tag_of_all_its_sources() -> None:
    answer, disclosures = await run("{ first { ... on Reader { fullName initial } } }")
    assert answer.data == {"first": {"fullName": "Ada Lovelace", "initial": "L"}}
    assert disclosures.coordinates == {"Reader.fullName", "Reader.initial"}
    tag = schema_tags(SCHEMA)["Reader.fullName"]
    assert (tag.category, tag.purposes, tag.origin) == ("user.name", {Purpose.LENDING}, Origin.DERIVED)


async def test_an_interface_notes_the_concrete_type() -> None:
    _, disclosures = await run("{ first { firstName } }")
    assert disclosures.coordinates == {"Reader.firstName"}


async def test_a_masked_field_is_null_with_an_error_and_nothing_is_noted() -> None:
    READ.clear()
    document = "{ first { ... on Reader { shelf familyName } } }"
    answer, disclosures = await run(document, "Reader.familyName")
    assert answer.data == {"first": {"shelf": "A1", "familyName": None}}
    (error,) = answer.errors
    assert error.path == ["first", "familyName"]
    assert isinstance(error.original_error, CategoryNotGranted)
    assert error.original_error.missing == ("data:user.name.last",)
    assert "Lovelace" not in str(error)
    assert not disclosures


@pytest.mark.parametrize("name", ["fullName", "initial"])
async def test_a_masked_field_runs_no_resolver_and_a_null_that_cannot_be_goes_up(name: str) -> None:
    READ.clear()
    answer, disclosures = await run(f"{{ first {{ firstName ... on Reader {{ {name} }} }} }}", f"Reader.{name}")
    assert answer.data is None
    assert [(error.path, type(error.original_error)) for error in answer.errors] == [
        (["first", name], CategoryNotGranted)
    ]
    assert disclosures.coordinates <= {"Reader.firstName"}
    assert READ == []


async def test_a_source_that_cannot_say_whom_it_is_about_shows_nothing() -> None:
    answer, disclosures = await run("{ broken { firstName } }")
    assert answer.data is None
    assert not disclosures


def test_the_tags_of_the_schema_are_found_by_coordinate() -> None:
    assert set(schema_tags(SCHEMA)) == {
        "Named.firstName",
        "Nameless.firstName",
        "Reader.firstName",
        "Reader.familyName",
        "Reader.fullName",
        "Reader.initial",
    }
    shelf = exposures(SCHEMA)["Reader.shelf"]
    assert (shelf.tag, shelf.why) == (None, "a place in the house")


def test_a_field_that_says_nothing_of_itself_is_listed() -> None:
    assert unmarked_fields(SCHEMA) == ["Query.unsaid"]
    assert unmarked_fields(SCHEMA, {"Query.*"}) == unmarked_fields(SCHEMA, {"Query.unsaid"}) == []


@pytest.mark.parametrize("column", [ReaderRow.shelf, ReaderRow.forgotten, ReaderRow.id])
def test_a_field_of_personal_data_needs_a_tag(column: Any) -> None:
    with pytest.raises(TypeError, match=column.key):
        personal.field(column, description="-")


@pytest.mark.parametrize("column", [ReaderRow.first_name, ReaderRow.forgotten])
def test_a_plain_field_needs_a_column_without_a_person(column: Any) -> None:
    with pytest.raises(TypeError, match=column.key):
        personal.plain(column, description="-")


def test_a_key_is_plain() -> None:
    assert personal.plain(ReaderRow.id, description="-").init is False


def test_nothing_is_derived_from_columns_that_must_not_meet() -> None:
    with pytest.raises(TypeError, match="retention"):
        personal.field(ReaderRow.first_name, derived_from=(ReaderRow.note,), description="-")


def test_a_combination_takes_the_strictest_access() -> None:
    shown = PersonalData("user.name", "1", frozenset({Purpose.MAIL}), Origin.PROVIDED, Retention.SHORT)
    state = PersonalData(
        "user.name", "1", frozenset({Purpose.MAIL}), Origin.PROVIDED, Retention.SHORT, access=Access.STATE_ONLY
    )
    assert combined([shown, state]).access is Access.STATE_ONLY
    assert combined([shown, shown]) == shown


def test_an_enumeration_without_entries_builds_no_schema() -> None:
    short = Vocabulary(VOCABULARY.purposes, {Retention.SHORT: VOCABULARY.retention[Retention.SHORT]})
    with pytest.raises(IncompleteCatalog, match="LONG"):
        Governed(Purpose, Retention, short)


def test_a_computed_field_says_why() -> None:
    with pytest.raises(ValueError, match="why"):
        personal.computed(" ", description="-")
