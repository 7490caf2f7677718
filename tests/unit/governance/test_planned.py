"""What was announced and what is held cover each other: nothing is held in silence, nothing real is still "to come"."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.declared import declared_fields
from api.models import CATALOG, Purpose, Retention
from api.models.planned import announced_rows, coverage_gaps, planned_rows
from governance.catalog import Catalog
from governance.register import FieldKind, RegisteredField
from governance.tags import Origin, PersonalData

pytestmark = pytest.mark.clause("X-1")


def without(*tables: str) -> Catalog:
    return replace(CATALOG, columns=tuple(column for column in CATALOG.columns if column.table not in tables))


def test_everything_held_is_announced_once_and_as_it_is_tagged() -> None:
    assert coverage_gaps(CATALOG, declared_fields()) == []
    assert coverage_gaps(CATALOG) == []


def test_nothing_that_exists_is_still_to_come() -> None:
    to_come = {row.field for row in planned_rows(CATALOG)}
    assert "passkeys (ID, public key, counter, label)" in to_come
    assert "state and end date of the plan" in to_come
    assert "cookies" not in {row.field for row in planned_rows(CATALOG, declared_fields())}
    assert "e-mail address" not in to_come
    assert len(to_come) == len(planned_rows(CATALOG))


def test_what_has_no_column_any_more_is_to_come_again() -> None:
    assert "disclosures to the CA" in {row.field for row in planned_rows(without("disclosure"))}


def test_a_column_that_nobody_announced_is_named() -> None:
    (column, *_) = CATALOG.columns
    unheard = replace(column, table="diary", column="text")
    gaps = coverage_gaps(replace(CATALOG, columns=(*CATALOG.columns, unheard)))
    assert gaps == ["diary.text is announced by 0 rows"]


def test_a_pattern_without_a_column_is_named() -> None:
    assert "disclosures to the CA: there is no disclosure.*" in coverage_gaps(without("disclosure"))


def test_fields_outside_the_tables_are_covered_alike() -> None:
    tag = PersonalData("user.device.ip_address", "1.4", frozenset({Purpose.OPERATION}), Origin.OBSERVED, Retention.REQ)
    address = RegisteredField(FieldKind.LOG_FIELD, "address", tag, "nobody: truncated")
    request_log = "request log: route, status, duration, truncated IP, request ID"
    assert request_log in {row.field for row in planned_rows(CATALOG)}
    assert request_log not in {row.field for row in planned_rows(CATALOG, (address,))}
    assert coverage_gaps(CATALOG, (address,)) == []
    cookie = RegisteredField(
        FieldKind.COOKIE, "tracker", replace(tag, purposes=frozenset({Purpose.MARKETING})), "nobody"
    )
    assert coverage_gaps(CATALOG, (address, cookie)) == [
        "cookie.tracker is kept as REQ, announced as ANA or CRED",
        "cookie.tracker is used for marketing, announced for account, analytics, security",
    ]


def test_a_tag_that_contradicts_the_announcement_is_named() -> None:
    email = next(column for column in CATALOG.columns if column.coordinate == "account.email")
    wider = replace(email, tag=replace(email.tag, purposes=email.tag.purposes | {Purpose.MARKETING}, section="1.5"))
    gaps = coverage_gaps(
        replace(CATALOG, columns=tuple(wider if column is email else column for column in CATALOG.columns))
    )
    assert gaps == [
        "account.email is tagged 1.5, announced in 1.1",
        "account.email is used for marketing, announced for account, security, service_mail",
    ]


def test_rows_beyond_the_policy_say_why() -> None:
    added = {row.field for row in announced_rows() if row.added_because}
    assert "staff: address, name, role, times" in added
    assert all(row.columns for row in announced_rows() if row.added_because)
