"""Changing and resetting the password."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from api.accounts.api_tokens import MintedApiToken, NewApiToken, create_api_token
from api.accounts.credentials import change_password, request_password_reset, reset_password
from api.accounts.email_change import request_email_change
from api.accounts.sessions import SignedIn
from api.accounts.sign_in import SignIn, sign_in
from api.auth.errors import CredentialRefused
from api.auth.viewers import viewer_of_api_token, viewer_of_session
from api.models import AccountId, ApiTokenRow
from api.viewer import Origin, Role, Viewer, anonymous
from governance.ids import new_id
from tests.factories.accounts import (
    EMAIL,
    ORIGIN,
    PASSWORD,
    account_parts,
    link_in,
    mails,
    new_holder,
    signed_in,
    verified_holder,
)
from tests.integration.accounts.evidence import account, census, events, refused, security_log
from tests.integration.conftest import Platform

NOBODY = anonymous(ORIGIN)
STRANGE = Origin("203.0.113.9", "Other/2", "r-9")
NEW = "nine other herons on the roof"


async def opens(platform: Platform, holder: SignedIn) -> bool:
    async with platform.sessions.read() as session:
        return await viewer_of_session(session, holder.session_secret, ORIGIN, platform.clock) is not None


async def some_token(platform: Platform, holder: SignedIn) -> MintedApiToken:
    async with platform.works.open(holder.viewer) as work:
        return await create_api_token(work, NewApiToken("CI", ("domains:read",)))


async def reset_link(platform: Platform) -> str:
    await request_password_reset(account_parts(platform), NOBODY, EMAIL)
    return await link_in(platform, "reset_password")


async def test_a_new_password_ends_other_sessions_and_renews_this_one(platform: Platform) -> None:
    holder, other = await verified_holder(platform), await signed_in(platform)
    platform.clock.advance(timedelta(minutes=1))
    after = await change_password(account_parts(platform), holder.viewer, PASSWORD, NEW)
    assert [await opens(platform, one) for one in (holder, other, after)] == [False, False, True]
    assert (await account(platform)).password_changed_at == platform.clock.now()
    assert await signed_in(platform, password=NEW)
    with refused("SIGN_IN_REFUSED"):
        await signed_in(platform)
    (mail,) = await mails(platform, template="password_changed")
    assert mail.values["api_tokens"] == "0"
    (event,) = await events(platform, "changePassword")
    assert {"account.password_hash", "session.revoked_at"} <= set(event["coordinates"])


async def test_without_the_current_password_nothing_changes(platform: Platform) -> None:
    holder, other = await verified_holder(platform), await signed_in(platform)
    before, rows = await account(platform), await census(platform, without=frozenset({"throttle"}))
    with refused("REAUTHENTICATION_REQUIRED"):
        await change_password(account_parts(platform), holder.viewer, "wrong", NEW)
    assert (await account(platform)).password_hash == before.password_hash
    assert await opens(platform, other)
    after = await census(platform, without=frozenset({"throttle"}))
    left = {name: after[name] - rows[name] for name in after if after[name] != rows[name]}
    assert left == {"security_event": 1, "audit_event": 1, "audit_sealed_part": 1}


async def test_a_password_unfit_for_use_is_refused(platform: Platform) -> None:
    holder = await verified_holder(platform)
    with refused("PASSWORD_REFUSED") as caught:
        await change_password(account_parts(platform), holder.viewer, PASSWORD, EMAIL)
    assert caught.value.field == ("newPassword",)
    assert await mails(platform, template="password_changed") == []


async def test_an_api_token_cannot_change_the_password(platform: Platform) -> None:
    holder = await verified_holder(platform)
    token = await some_token(platform, holder)
    async with platform.sessions.read() as session:
        viewer = await viewer_of_api_token(session, token.text, ORIGIN, platform.clock)
    with refused("OWN_SESSION_REQUIRED"):
        await change_password(account_parts(platform), viewer, PASSWORD, NEW)


async def test_a_reset_ends_every_way_in_but_api_tokens(platform: Platform) -> None:
    holder = await verified_holder(platform)
    token = await some_token(platform, holder)
    await request_email_change(account_parts(platform), holder.viewer, "new@example.org", PASSWORD)
    first, second = await reset_link(platform), await reset_link(platform)
    await reset_password(account_parts(platform), NOBODY, first, NEW)
    assert not await opens(platform, holder)
    for link_token in (first, second):
        with refused("LINK_REFUSED"):
            await reset_password(account_parts(platform), NOBODY, link_token, NEW)
    assert (await census(platform))["one_time_link"] == 2  # the two that were used
    async with platform.sessions.read() as session:
        assert await viewer_of_api_token(session, token.text, ORIGIN, platform.clock)
    (mail,) = await mails(platform, template="password_changed")
    assert mail.values["api_tokens"] == "1"
    assert (await census(platform))["recognised_device"] == 0
    assert await signed_in(platform, password=NEW)
    assert [entry.succeeded for entry in await security_log(platform, "password_reset")] == [True]


async def test_a_reset_lets_in_whom_strangers_shut_out(platform: Platform) -> None:
    await verified_holder(platform)
    for _ in range(10):
        with refused("SIGN_IN_REFUSED"):
            await sign_in(account_parts(platform), anonymous(STRANGE), SignIn(EMAIL, "wrong"))
    with refused("TOO_MANY_ATTEMPTS"):
        await signed_in(platform)
    await reset_password(account_parts(platform), NOBODY, await reset_link(platform), NEW)
    assert await signed_in(platform, password=NEW)
    with refused("TOO_MANY_ATTEMPTS"):
        await sign_in(account_parts(platform), anonymous(STRANGE), SignIn(EMAIL, "wrong"))


async def test_a_reset_link_lasts_one_hour(platform: Platform) -> None:
    await verified_holder(platform)
    link_token = await reset_link(platform)
    platform.clock.advance(timedelta(hours=1))
    with refused("LINK_REFUSED"):
        await reset_password(account_parts(platform), NOBODY, link_token, NEW)
    assert await signed_in(platform)


async def test_a_link_for_something_else_sets_no_password(platform: Platform) -> None:
    await new_holder(platform)
    link_token = await link_in(platform, "verify_email")
    with refused("LINK_REFUSED"):
        await reset_password(account_parts(platform), NOBODY, link_token, NEW)


async def test_an_unfit_password_does_not_spend_the_link(platform: Platform) -> None:
    await verified_holder(platform)
    link_token = await reset_link(platform)
    with refused("PASSWORD_REFUSED"):
        await reset_password(account_parts(platform), NOBODY, link_token, "short")
    await reset_password(account_parts(platform), NOBODY, link_token, NEW)


async def test_a_reset_is_asked_for_with_one_answer(platform: Platform) -> None:
    await verified_holder(platform)
    await request_password_reset(account_parts(platform), NOBODY, EMAIL)
    await request_password_reset(account_parts(platform), NOBODY, "nobody@example.org")
    assert [mail.recipient for mail in await mails(platform, template="reset_password")] == [EMAIL]


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
async def test_resets_are_limited_alike_for_all_addresses(platform: Platform, email: str) -> None:
    await verified_holder(platform)
    for _ in range(5):
        await request_password_reset(account_parts(platform), NOBODY, email)
    with refused("TOO_MANY_ATTEMPTS"):
        await request_password_reset(account_parts(platform), NOBODY, email)
    assert len(await mails(platform, template="reset_password")) == (5 if email == EMAIL else 0)


async def test_a_reset_link_used_twice_at_once_counts_once(fresh_platform: Platform) -> None:
    await verified_holder(fresh_platform)
    link_token, parts = await reset_link(fresh_platform), account_parts(fresh_platform)
    passwords = [f"{NEW} {number}" for number in range(4)]

    async def use(password: str) -> str | None:
        try:
            await reset_password(parts, NOBODY, link_token, password)
        except Exception as error:  # noqa: BLE001
            return str(getattr(error, "code", error))
        return None

    outcomes = await asyncio.gather(*map(use, passwords))
    assert sorted(map(str, outcomes)) == ["LINK_REFUSED"] * 3 + ["None"]
    winner = passwords[outcomes.index(None)]
    assert await signed_in(fresh_platform, password=winner)


async def test_two_links_used_at_once_do_not_deadlock(fresh_platform: Platform) -> None:
    await verified_holder(fresh_platform)
    links = [await reset_link(fresh_platform) for _ in range(3)]
    parts = account_parts(fresh_platform)
    outcomes = await asyncio.gather(
        *(reset_password(parts, NOBODY, link, NEW) for link in links), return_exceptions=True
    )
    codes = sorted(str(getattr(outcome, "code", outcome)) for outcome in outcomes)
    assert codes == ["LINK_REFUSED", "LINK_REFUSED", "None"]


async def test_a_mailbox_takes_back_an_account_that_somebody_else_opened(platform: Platform) -> None:
    """Whoever signs up with another's address keeps nothing once the mailbox speaks."""
    await new_holder(platform, password="the squatters own long words")
    squatter = await signed_in(platform, password="the squatters own long words")
    async with platform.sessions.write() as session:
        session.add(await _old_token(platform, squatter))
    await reset_password(account_parts(platform), NOBODY, await reset_link(platform), NEW)
    row = await account(platform)
    assert row.email_verified_at == platform.clock.now()
    assert not await opens(platform, squatter)
    async with platform.sessions.read() as session:
        token = (await session.scalars(select(ApiTokenRow))).one()
        assert token.revoked_at == platform.clock.now()
        with pytest.raises(CredentialRefused):
            await viewer_of_api_token(session, "sslm_wrong", ORIGIN, platform.clock)


async def _old_token(platform: Platform, holder: SignedIn) -> ApiTokenRow:
    row = await account(platform)
    return ApiTokenRow(
        id=new_id(platform.clock),
        data_subject_id=row.data_subject_id,
        account_id=row.id,
        secret_hash=b"x" * 32,
        name="left",
        hint="sslm_left",
        scopes=["account:read"],
        categories=["user"],
        created_at=platform.clock.now(),
    )


async def test_the_password_cannot_change_between_proof_and_use(fresh_platform: Platform) -> None:
    holder, other = await verified_holder(fresh_platform), await signed_in(fresh_platform)
    parts = account_parts(fresh_platform)
    outcomes = await asyncio.gather(
        change_password(parts, holder.viewer, PASSWORD, NEW),
        change_password(parts, other.viewer, PASSWORD, NEW + " too"),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(refusals) <= 1
    live = [await opens(fresh_platform, outcome) for outcome in outcomes if isinstance(outcome, SignedIn)]
    assert live.count(True) == 1


async def test_a_viewer_of_a_vanished_account_is_asked_to_sign_in(platform: Platform) -> None:
    holder = await verified_holder(platform)
    gone = Viewer(
        Role.HOLDER, ORIGIN, person=holder.viewer.person, account_id=AccountId(new_id(platform.clock)),
        session_id=holder.session.id,
    )  # fmt: skip
    with refused("SIGN_IN_REQUIRED"):
        await change_password(account_parts(platform), gone, PASSWORD, NEW)


async def test_a_right_password_is_not_counted(platform: Platform) -> None:
    holder = await verified_holder(platform)
    for number in range(12):
        holder = await change_password(
            account_parts(platform),
            holder.viewer,
            PASSWORD if number == 0 else f"{NEW} {number - 1}",
            f"{NEW} {number}",
        )
    assert await sign_in(account_parts(platform), NOBODY, SignIn(EMAIL, f"{NEW} 11"))
