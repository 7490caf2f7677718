"""What services are handed shows no secret when it is printed, and every kind of link has a life."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.accounts.links import LIFE, LinkKind
from api.accounts.registration import SignUp
from api.accounts.settings import UNSET, SettingsChange
from api.accounts.sign_in import SignIn
from api.accounts.staff import NewStaff
from api.accounts.staff_sign_in import StaffSignIn
from api.viewer import Role

CANARY = "canary words that nobody may print"


@pytest.mark.parametrize(
    "asked",
    [
        SignUp("a@example.org", CANARY, age_statement=True),
        SignIn("a@example.org", CANARY),
        StaffSignIn("a@example.org", CANARY, CANARY),
        NewStaff("a@example.org", "A", Role.AUDITOR, CANARY),
    ],
)
def test_what_is_asked_prints_no_secret(asked: object) -> None:
    assert CANARY not in repr(asked)


def test_every_kind_of_link_lives_an_hour_or_a_day() -> None:
    assert LIFE.keys() == set(LinkKind)
    assert {kind for kind, life in LIFE.items() if life <= timedelta(hours=1)} == {LinkKind.RESET_PASSWORD}
    assert max(LIFE.values()) <= timedelta(hours=24)


def test_a_change_without_fields_changes_nothing() -> None:
    change = SettingsChange()
    assert {getattr(change, name) for name in SettingsChange.__slots__} == {UNSET}
