"""The clock, the ids, the access decision, and what an operation noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.access import Allowed, Denied, Grants, Requirement, covers, decide, masked_coordinates
from governance.audit.disclosures import Disclosures
from governance.clock import ManualClock, SystemClock
from governance.errors import AuditUnavailable, DataSubjectErased, GovernanceError, IncompleteCatalog, SafeError
from governance.ids import new_id, new_pseudonym

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.clause("X-4")
def test_the_clock_speaks_utc_and_moves_when_told() -> None:
    clock = ManualClock(NOON.astimezone(timezone(timedelta(hours=3))))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(days=31))
    assert clock.now() - NOON == timedelta(days=31)
    assert SystemClock().now().tzinfo is UTC
    with pytest.raises(ValueError, match="timezone"):
        ManualClock(NOON.replace(tzinfo=None))


def test_ids_sort_by_time_and_pseudonyms_tell_nothing() -> None:
    clock = ManualClock(NOON)
    first = new_id(clock)
    clock.advance(timedelta(milliseconds=1))
    second = new_id(clock)
    assert first < second
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first.int >> 80 == int(NOON.timestamp() * 1000)
    pseudonyms = {new_pseudonym() for _ in range(100)}
    assert len(pseudonyms) == 100
    assert {pseudonym.version for pseudonym in pseudonyms} == {4}


@pytest.mark.parametrize(
    ("granted", "needed", "covered"),
    [
        ("user.contact", "user.contact", True),
        ("user.contact", "user.contact.email", True),
        ("user", "user.contact.email", True),
        ("domains", "domains:read", True),
        ("user.cont", "user.contact", False),
        ("user.contact.email", "user.contact", False),
        ("domains:read", "domains:write", False),
        ("", "user", False),
    ],
)
def test_a_grant_covers_itself_and_what_is_below(granted: str, needed: str, covered: bool) -> None:
    assert covers(granted, needed) is covered


def test_what_is_lacking_is_named() -> None:
    needed = Requirement(frozenset({"domains:read", "account:read"}), frozenset({"user.name", "user.contact.email"}))
    assert decide(needed, Grants(frozenset({"domains", "account:read"}), frozenset({"user"}))) == Allowed()
    assert decide(needed, Grants(frozenset({"domains:write"}), frozenset({"user.contact"}))) == Denied(
        ("account:read", "data:user.name", "domains:read")
    )
    assert decide(Requirement(), Grants()) == Allowed()


def test_a_lacking_category_is_a_gap_for_who_wants_gaps_and_a_lacking_scope_never() -> None:
    needed = Requirement(frozenset({"domains:read"}), frozenset({"user.name", "user.contact.email"}))
    gaps = Grants(frozenset({"domains:read"}), frozenset({"user.contact"}), missing_as_null=True)
    assert decide(needed, gaps) == Allowed(frozenset({"user.name"}))
    assert decide(needed, Grants(categories=gaps.categories, missing_as_null=True)) == Denied(("domains:read",))


def test_the_mask_is_of_fields_and_empty_for_who_is_refused() -> None:
    categories = {"Account.email": "user.contact.email", "Account.displayName": "user.name"}
    held = frozenset({"user.contact"})
    assert masked_coordinates(categories, Grants(categories=held, missing_as_null=True)) == {"Account.displayName"}
    assert masked_coordinates(categories, Grants(categories=held)) == frozenset()


NAMES = st.sampled_from(["a", "a.b", "a.b.c", "a:read", "b", "ab"])


@given(st.frozensets(NAMES), st.frozensets(NAMES), st.frozensets(NAMES))
def test_more_grants_never_allow_less(needed: frozenset[str], granted: frozenset[str], more: frozenset[str]) -> None:
    before = decide(Requirement(needed), Grants(granted))
    after = decide(Requirement(needed), Grants(granted | more))
    if isinstance(before, Allowed):
        assert after == Allowed()
    elif isinstance(after, Denied):
        assert set(after.missing) <= set(before.missing)


def test_rows_are_counted_once_each_however_many_fields_are_shown() -> None:
    shown = Disclosures()
    assert not shown
    one, two, person = object(), object(), new_pseudonym()
    for row in (one, two):
        for field in ("email", "displayName"):
            shown.note(f"Account.{field}", [person], row)
    shown.note("Domain.name", [person], one)
    assert shown
    assert shown.row_counts == {"Account": 2, "Domain": 1}
    assert shown.data_subjects == {person}


def test_each_error_has_a_code_and_carries_what_may_be_shown() -> None:
    assert {
        error.code for error in (SafeError, GovernanceError, AuditUnavailable, IncompleteCatalog, DataSubjectErased)
    } == {
        "INTERNAL",
        "GOVERNANCE",
        "AUDIT_UNAVAILABLE",
        "INCOMPLETE_CATALOG",
        "DATA_SUBJECT_ERASED",
    }
    error = GovernanceError("Nothing was shown.", retry_at=NOON, field=("input", "email"))
    assert (str(error), error.message, error.retry_at, error.field) == (
        "Nothing was shown.",
        "Nothing was shown.",
        NOON,
        ("input", "email"),
    )
