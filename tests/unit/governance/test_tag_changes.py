"""A changed tag is found, whatever part of it changed, and only a text that names its place tells of it."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any

import pytest

from governance.tag_changes import TagChange, read_tags, tag_changes, tags_of, untold, write_tags
from governance.tags import Access, Erasure, Origin, PersonalData, Retained


class Purpose(Enum):
    LENDING = "lending"
    MAIL = "mail"


class Keep(Enum):
    SHORT = "SHORT"
    LONG = "LONG"


EMAIL = PersonalData("user.contact.email", "1", frozenset({Purpose.LENDING}), Origin.PROVIDED, Keep.SHORT)
NAME = PersonalData("user.name", "1", frozenset({Purpose.LENDING, Purpose.MAIL}), Origin.PROVIDED, Keep.LONG)
BEFORE = {"columns": {"reader.email": EMAIL, "reader.name": NAME}, "fields": {"Reader.email": EMAIL}}


def changed(**places: PersonalData) -> tuple[TagChange, ...]:
    now = BEFORE | {"columns": BEFORE["columns"] | {f"reader.{name}": tag for name, tag in places.items()}}
    return tag_changes(tags_of(BEFORE), tags_of(now))


def test_nothing_changed() -> None:
    assert changed() == ()
    assert changed(email=replace(EMAIL)) == ()


@pytest.mark.parametrize(
    ("part", "change", "before", "after"),
    [
        ("category", {"category": "user.contact"}, "user.contact.email", "user.contact"),
        ("section", {"section": "2"}, "1", "2"),
        ("purposes", {"purposes": frozenset({Purpose.LENDING, Purpose.MAIL})}, "lending", "lending, mail"),
        ("origin", {"origin": Origin.DERIVED}, "provided", "derived"),
        ("retention", {"retention": Keep.LONG}, "SHORT", "LONG"),
        ("erasure", {"erasure": Erasure.REDACT}, "", "redact"),
        ("access", {"access": Access.STATE_ONLY}, "", "state_only"),
        ("portable_because", {"portable_because": "asked for"}, "", "asked for"),
        ("self_editable", {"self_editable": True}, "", "yes"),
        ("recipients", {"recipients": ("post office",)}, "", "post office"),
        ("sealed", {"sealed": True}, "", "yes"),
    ],
)
def test_each_part_of_a_tag_counts(part: str, change: dict[str, Any], before: str, after: str) -> None:
    (found,) = changed(email=replace(EMAIL, **change))
    assert (found.kind, found.name, found.sign) == ("columns", "reader.email", "~")
    assert list(found.differences()) == [(part, before, after)]


def test_a_ground_of_retention_counts() -> None:
    kept = replace(EMAIL, erasure=Erasure.RETAIN, retained=Retained("law", "5 years"))
    (found,) = changed(email=kept)
    assert list(found.differences()) == [("erasure", "", "retain"), ("retained", "", "law; 5 years")]


def test_a_new_place_and_one_that_is_gone() -> None:
    (new,) = changed(phone=EMAIL)
    assert (new.name, new.sign, new.before) == ("reader.phone", "+", None)
    (gone,) = tag_changes(tags_of(BEFORE), tags_of({"columns": BEFORE["columns"]}))
    assert (gone.kind, gone.name, gone.sign, gone.after) == ("fields", "Reader.email", "-", None)
    assert ("category", "user.contact.email", "") in list(gone.differences())


def test_what_is_kept_reads_back_and_has_a_line_for_each_place() -> None:
    text = write_tags(tags_of(BEFORE))
    assert read_tags(text) == tags_of(BEFORE)
    assert len([line for line in text.splitlines() if '"category"' in line]) == 3
    for other in ("[]", "{}", '{"format": 2}'):
        with pytest.raises(ValueError, match="not tags in format 1"):
            read_tags(other)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("We hold `reader.email` for mail.", True),
        ("reader.email.", True),
        ("(reader.email, reader.name)", True),
        ("Nothing is said.", False),
        ("the e-mail address of a reader", False),
        ("reader.email_key", False),
        ("reader.email.work", False),
        ("old_reader.email", False),
        ("a.reader.email", False),
        ("Reader.email", False),
        ("reader.emails", False),
        ("reader email", False),
    ],
)
def test_only_the_whole_name_tells(text: str, told: bool) -> None:
    change = TagChange("columns", "reader.email", None, {})
    assert change.is_named_in(text) is told
    assert untold([change], ["something else", text]) == (() if told else (change,))


def test_a_name_that_could_be_any_word_stands_in_backticks() -> None:
    change = TagChange("log_fields", "address", None, {})
    assert not change.is_named_in("the address is cut")
    assert change.is_named_in("the log field `address`")
    cookie = TagChange("cookies", "__Host-prefs", None, {})
    assert cookie.is_named_in("`__Host-prefs`")


def test_each_change_needs_its_own_name() -> None:
    changes = changed(phone=EMAIL, email=NAME)
    assert [one.name for one in untold(changes, ["`reader.phone` is held"])] == ["reader.email"]
    assert untold(changes, ["`reader.phone`", "`reader.email`"]) == ()
