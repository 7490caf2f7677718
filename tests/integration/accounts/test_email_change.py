"""Changing the address: confirmed from the new one, told to the old one (8.2-b)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from api.accounts.email_change import confirm_email_change, keep_email, request_email_change
from api.accounts.sessions import SignedIn
from api.auth.viewers import viewer_of_session
from api.models import AccountRow, Base
from api.viewer import anonymous
from tests.factories.accounts import EMAIL, ORIGIN, PASSWORD, account_parts, link_in, mails, signed_in, verified_holder
from tests.integration.accounts.evidence import account, census, events, refused, security_log
from tests.integration.conftest import Platform

NOBODY = anonymous(ORIGIN)
NEW = "new@example.org"


async def asked(platform: Platform, new_email: str = NEW) -> SignedIn:
    holder = await verified_holder(platform)
    await request_email_change(account_parts(platform), holder.viewer, new_email, PASSWORD)
    return holder


async def confirm(platform: Platform, link_token: str) -> None:
    async with platform.works.open(NOBODY) as work:
        await confirm_email_change(work, link_token)


async def keep(platform: Platform, link_token: str) -> None:
    async with platform.works.open(NOBODY) as work:
        await keep_email(work, link_token)


@pytest.mark.clause("8.2-b")
async def test_nothing_changes_until_the_new_mailbox_confirms(platform: Platform) -> None:
    await asked(platform)
    assert (await account(platform)).email == EMAIL
    await confirm(platform, await link_in(platform, "change_email", NEW))
    row = await account(platform, NEW)
    assert (row.email, row.email_key, row.email_verified_at) == (NEW, NEW, platform.clock.now())
    assert await signed_in(platform, NEW)
    with refused("SIGN_IN_REFUSED"):
        await signed_in(platform)


@pytest.mark.clause("8.2-b")
async def test_the_old_address_is_told_before_and_after(platform: Platform) -> None:
    await asked(platform)
    await confirm(platform, await link_in(platform, "change_email", NEW))
    assert len(await mails(platform, to=EMAIL, template="email_change_requested")) == 1
    assert len(await mails(platform, to=EMAIL, template="email_changed")) == 1
    assert NEW not in str(await mails(platform, to=EMAIL))


@pytest.mark.clause("8.2-b")
async def test_the_old_address_is_kept_nowhere(platform: Platform) -> None:
    await asked(platform)
    await confirm(platform, await link_in(platform, "change_email", NEW))
    async with platform.sessions.read() as session:
        for table in Base.metadata.sorted_tables:
            assert EMAIL not in str((await session.execute(select(table))).all())


async def test_the_change_leaves_records_that_name_the_columns(platform: Platform) -> None:
    await asked(platform)
    (request,) = await events(platform, "requestEmailChange")
    await confirm(platform, await link_in(platform, "change_email", NEW))
    changes = [event for event in await events(platform, "confirmEmailChange") if event["kind"] == "change"]
    assert request["clauses"] == changes[0]["clauses"] == ["8.2-b"]
    assert {"account.email", "account.email_key"} <= set(changes[0]["coordinates"])
    assert len(await security_log(platform, "email_changed")) == 1


async def test_without_the_current_password_nothing_is_sent(platform: Platform) -> None:
    holder = await verified_holder(platform)
    before = (await census(platform))["delivery"]
    with refused("REAUTHENTICATION_REQUIRED"):
        await request_email_change(account_parts(platform), holder.viewer, NEW, "wrong")
    assert (await census(platform))["delivery"] == before


async def test_a_taken_address_gets_the_same_answer(platform: Platform) -> None:
    await verified_holder(platform, "taken@example.org")
    holder = await verified_holder(platform)
    parts = account_parts(platform)
    await request_email_change(parts, holder.viewer, NEW, PASSWORD)
    await request_email_change(parts, holder.viewer, "taken@example.org", PASSWORD)
    assert len(await mails(platform, to=EMAIL, template="email_change_requested")) == 2
    assert [mail.template for mail in await mails(platform, to="taken@example.org")][-1] == "account_exists"
    assert await mails(platform, to="taken@example.org", template="change_email") == []


async def test_an_address_taken_meanwhile_is_not_taken_again(platform: Platform) -> None:
    await asked(platform)
    await verified_holder(platform, NEW)
    with refused("LINK_REFUSED"):
        await confirm(platform, await link_in(platform, "change_email", NEW))
    assert (await account(platform)).email == EMAIL


async def test_two_accounts_cannot_take_one_address_at_once(fresh_platform: Platform) -> None:
    parts = account_parts(fresh_platform)
    holders = [await verified_holder(fresh_platform, f"holder{number}@example.org") for number in range(3)]
    for holder in holders:
        fresh_platform.clock.advance(timedelta(seconds=1))
        await request_email_change(parts, holder.viewer, NEW, PASSWORD)
    links = [mail.values["link_token"] for mail in await mails(fresh_platform, template="change_email")]
    outcomes = await asyncio.gather(*(confirm(fresh_platform, link) for link in links), return_exceptions=True)
    assert sorted(str(getattr(one, "code", one)) for one in outcomes) == ["LINK_REFUSED", "LINK_REFUSED", "None"]
    async with fresh_platform.sessions.read() as session:
        assert len((await session.scalars(select(AccountRow).where(AccountRow.email_key == NEW))).all()) == 1


@pytest.mark.parametrize("wait", [timedelta(hours=24), timedelta(days=9)])
async def test_a_link_of_yesterday_changes_nothing(platform: Platform, wait: timedelta) -> None:
    await asked(platform)
    platform.clock.advance(wait)
    with refused("LINK_REFUSED"):
        await confirm(platform, await link_in(platform, "change_email", NEW))
    assert (await account(platform)).email == EMAIL


async def test_the_present_mailbox_can_stop_the_change(platform: Platform) -> None:
    holder = await asked(platform)
    await keep(platform, await link_in(platform, "email_change_requested"))
    with refused("LINK_REFUSED"):
        await confirm(platform, await link_in(platform, "change_email", NEW))
    async with platform.sessions.read() as session:
        assert await viewer_of_session(session, holder.session_secret, ORIGIN, platform.clock) is None
    assert len(await mails(platform, to=EMAIL, template="reset_password")) == 1
    assert len(await security_log(platform, "email_kept")) == 1
    with refused("LINK_REFUSED"):
        await keep(platform, await link_in(platform, "email_change_requested"))


async def test_a_second_request_replaces_the_first(platform: Platform) -> None:
    holder = await asked(platform)
    await request_email_change(account_parts(platform), holder.viewer, "newer@example.org", PASSWORD)
    with refused("LINK_REFUSED"):
        await confirm(platform, await link_in(platform, "change_email", NEW))
    await confirm(platform, await link_in(platform, "change_email", "newer@example.org"))
    assert (await account(platform, "newer@example.org")).email == "newer@example.org"


async def test_capital_letters_of_the_own_address_can_be_changed(platform: Platform) -> None:
    await asked(platform, "Holder@example.org")
    await confirm(platform, await link_in(platform, "change_email", "Holder@example.org"))
    assert (await account(platform)).email == "Holder@example.org"


async def test_the_same_address_again_is_refused(platform: Platform) -> None:
    holder = await verified_holder(platform)
    with refused("ALREADY_DONE"):
        await request_email_change(account_parts(platform), holder.viewer, EMAIL, PASSWORD)
