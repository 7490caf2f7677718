"""The closed world of data (rule X-1): every column, log field, cookie and outgoing field is announced exactly once."""

from __future__ import annotations

import pytest

from api.auth.cookies import REGISTRY
from api.declared import declared_fields
from api.kit.log_fields import LOG_FIELDS
from api.models import CATALOG
from api.models.planned import coverage_gaps, planned_rows
from governance.register import FieldKind, register_rows


@pytest.mark.clause("X-1")
def test_nothing_is_held_that_was_not_announced() -> None:
    assert coverage_gaps(CATALOG, declared_fields()) == []


@pytest.mark.clause("5.1-e")
def test_every_cookie_of_the_server_is_in_the_register() -> None:
    rows = {row.name for row in register_rows(CATALOG, declared_fields()) if row.kind is FieldKind.COOKIE}
    assert rows == {rule.name for rule in REGISTRY if not rule.set_by_browser}


@pytest.mark.clause("1.4-a")
def test_every_log_field_about_people_is_in_the_register() -> None:
    rows = {row.name for row in register_rows(CATALOG, declared_fields()) if row.kind is FieldKind.LOG_FIELD}
    assert rows == {field.name for field in LOG_FIELDS if field.personal}


@pytest.mark.clause("1-a")
def test_each_row_belongs_to_a_section_of_the_policy() -> None:
    rows = register_rows(CATALOG, declared_fields())
    assert {row.section for row in rows} <= {"1.1", "1.2", "1.3", "1.4", "1.5"}


def test_what_is_still_to_come_is_said() -> None:
    fields = {row.field for row in planned_rows(CATALOG, declared_fields())}
    assert any("passkeys" in field for field in fields)
    assert not any(field == "e-mail address" for field in fields)
