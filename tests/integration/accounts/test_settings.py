"""Settings: every self-editable field can be changed, and the record names exactly what changed (8.2-b)."""

from __future__ import annotations

from typing import Any

import pytest

from api.accounts.access import require_account
from api.accounts.api_tokens import NewApiToken, create_api_token
from api.accounts.settings import SettingsChange, update_settings
from api.auth.viewers import viewer_of_api_token
from api.models import AccountRow, Base
from api.viewer import anonymous
from governance.tags import PersonalData, tag_of
from tests.factories.accounts import ORIGIN, verified_holder
from tests.integration.accounts.evidence import account, census, events, refused
from tests.integration.conftest import Platform

CHANGES: dict[str, Any] = {
    "display_name": "Noor",
    "company_name": "Weir & Sons",
    "country": "KW",
    "language": "ar",
    "time_zone": "Asia/Kuwait",
    "display_mode": "dark",
    "notify_expiry": False,
    "notify_failure": False,
    "notify_installation": False,
}
CHANGED_ELSEWHERE = {"email"}


def test_every_self_editable_column_can_be_changed() -> None:
    tagged = {column.name: tag_of(column) for column in Base.metadata.tables[AccountRow.__tablename__].c}
    editable = {name for name, tag in tagged.items() if isinstance(tag, PersonalData) and tag.self_editable}
    assert editable == CHANGES.keys() | CHANGED_ELSEWHERE


@pytest.mark.clause("8.2-b")
@pytest.mark.parametrize("name", CHANGES)
async def test_one_change_is_effective_and_recorded_as_that_column(platform: Platform, name: str) -> None:
    holder = await verified_holder(platform)
    async with platform.works.open(holder.viewer) as work:
        changed = await update_settings(work, SettingsChange(**{name: CHANGES[name]}))
    assert getattr(changed, name) == getattr(await account(platform), name) == CHANGES[name]
    (event,) = await events(platform, "updateSettings")
    assert event["coordinates"] == [f"account.{name}"]
    assert (event["kind"], event["clauses"], len(event["data_subjects"])) == ("change", ["8.2-b"], 1)


@pytest.mark.clause("8.2-b")
async def test_old_values_are_not_kept(platform: Platform) -> None:
    holder = await verified_holder(platform)
    for name in ("Canary before", "After"):
        async with platform.works.open(holder.viewer) as work:
            await update_settings(work, SettingsChange(display_name=name))
    assert "Canary" not in str(await events(platform))


async def test_what_stays_the_same_leaves_no_record(platform: Platform) -> None:
    holder = await verified_holder(platform)
    for _ in range(2):
        async with platform.works.open(holder.viewer) as work:
            await update_settings(work, SettingsChange(time_zone="Asia/Kuwait", language="en"))
    (event,) = await events(platform, "updateSettings")
    assert event["coordinates"] == ["account.time_zone"]


async def test_names_can_be_cleared(platform: Platform) -> None:
    holder = await verified_holder(platform)
    for value in ("Noor", None):
        async with platform.works.open(holder.viewer) as work:
            await update_settings(work, SettingsChange(display_name=value, company_name=value))
    assert ((await account(platform)).display_name, (await account(platform)).company_name) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": None},
        {"notify_expiry": None},
        {"country": "Kuwait"},
        {"time_zone": "../etc/passwd"},
        {"display_mode": "sepia"},
        {"display_name": "x" * 81},
        {"display_name": "a\x00b"},
    ],
)
async def test_one_wrong_value_leaves_all_as_it_was(platform: Platform, wrong: dict[str, Any]) -> None:
    holder = await verified_holder(platform)
    before = await census(platform)
    with refused("SETTING_REFUSED"):
        async with platform.works.open(holder.viewer) as work:
            await update_settings(work, SettingsChange(**{"company_name": "Weir", **wrong}))
    assert (await account(platform)).company_name is None
    assert await census(platform) == before


async def test_a_token_without_the_scope_changes_nothing(platform: Platform) -> None:
    holder = await verified_holder(platform)
    async with platform.works.open(holder.viewer) as work:
        token = await create_api_token(work, NewApiToken("reader", ("account:read",)))
    async with platform.sessions.read() as session:
        viewer = await viewer_of_api_token(session, token.text, ORIGIN, platform.clock)
    with refused("ACCESS_DENIED") as caught:
        async with platform.works.open(viewer) as work:
            await update_settings(work, SettingsChange(display_name="Noor"))
    assert caught.value.missing == ("account:write",)  # type: ignore[attr-defined]
    assert (await account(platform)).display_name is None


def test_nobody_has_no_account() -> None:
    with refused("SIGN_IN_REQUIRED"):
        require_account(anonymous(ORIGIN))
