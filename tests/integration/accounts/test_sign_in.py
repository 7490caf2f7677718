"""Signing in: sessions, devices, throttling, and what a failure leaves behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.accounts.access import require_verified
from api.accounts.devices import DEVICE_LIFE
from api.accounts.sessions import MOST_SESSIONS
from api.accounts.sign_in import SignIn, sign_in
from api.auth.passwords import Argon2Parameters, Passwords
from api.auth.viewers import viewer_of_session
from api.models import AccountRow, RecognisedDeviceRow, SessionRow
from api.viewer import Origin, anonymous
from tests.factories.accounts import (
    EMAIL,
    ORIGIN,
    PASSWORD,
    account_parts,
    mails,
    new_holder,
    signed_in,
    verified_holder,
)
from tests.integration.accounts.evidence import account, census, events, refused, security_log
from tests.integration.accounts.test_registration import CountingPasswords
from tests.integration.conftest import Platform

NOBODY = anonymous(ORIGIN)
ELSEWHERE = anonymous(Origin("203.0.113.9", "Other/2", "r-9"))
WRONG = SignIn(EMAIL, "four wrong herons by the sea")
RIGHT = SignIn(EMAIL, PASSWORD)


async def guess(platform: Platform, times: int, asked: SignIn = WRONG, viewer: object = NOBODY) -> None:
    for _ in range(times):
        with refused("SIGN_IN_REFUSED"):
            await sign_in(account_parts(platform), viewer, asked)  # type: ignore[arg-type]


async def test_a_session_opens_the_account_and_only_its_hash_is_stored(platform: Platform) -> None:
    holder = await verified_holder(platform)
    async with platform.sessions.read() as session:
        found = await viewer_of_session(session, holder.session_secret, ORIGIN, platform.clock)
        stored = (await session.scalars(select(SessionRow))).one()
    assert found == holder.viewer
    assert holder.session_secret.encode() not in stored.secret_hash
    assert (stored.address, stored.user_agent) == ("192.0.2.7", "Browser/1")
    assert (await account(platform)).last_sign_in_at == platform.clock.now()


@pytest.mark.clause("5.1-a")
async def test_staying_signed_in_lasts_thirty_days_and_otherwise_less(platform: Platform) -> None:
    await new_holder(platform)
    parts = account_parts(platform)
    passing = await sign_in(parts, NOBODY, RIGHT)
    staying = await sign_in(parts, NOBODY, replace(RIGHT, stay_signed_in=True))
    assert passing.cookie_life is None
    assert passing.session.expires_at <= platform.clock.now() + timedelta(days=1)
    assert staying.cookie_life == timedelta(seconds=2_592_000)
    assert staying.session.expires_at == platform.clock.now() + staying.cookie_life
    platform.clock.advance(timedelta(days=30))
    async with platform.sessions.read() as session:
        assert await viewer_of_session(session, staying.session_secret, ORIGIN, platform.clock) is None


async def test_an_unconfirmed_address_may_sign_in_but_not_order(platform: Platform) -> None:
    await new_holder(platform)
    holder = await signed_in(platform)
    with refused("EMAIL_NOT_VERIFIED"):
        async with platform.works.open(holder.viewer) as work:
            await require_verified(work)


async def test_an_unknown_address_and_a_wrong_password_are_answered_alike(platform: Platform) -> None:
    await new_holder(platform)
    seen = []
    for asked in (WRONG, SignIn("nobody@example.org", PASSWORD)):
        passwords = CountingPasswords()
        with refused("SIGN_IN_REFUSED") as caught:
            await sign_in(account_parts(platform, passwords=passwords), NOBODY, asked)
        seen.append((caught.value.message, caught.value.retry_at, passwords.verified, passwords.hashed))
    assert seen[0] == seen[1]
    assert seen[0][2:] == (1, 0)


async def test_a_failure_is_recorded_although_it_fails(platform: Platform) -> None:
    await new_holder(platform)
    await guess(platform, 1)
    await guess(platform, 1, SignIn("nobody@example.org", PASSWORD))
    (entry,) = await security_log(platform, "sign_in")
    assert (entry.succeeded, entry.address, entry.user_agent) == (False, "192.0.2.7", "Browser/1")
    unknown, known = sorted(await events(platform, "signIn"), key=lambda event: len(event["data_subjects"]))
    assert (known["kind"], known["outcome"], len(known["data_subjects"])) == ("security", "failed", 1)
    assert (unknown["kind"], unknown["outcome"], unknown["data_subjects"]) == ("security", "failed", [])
    assert "nobody@" not in str(unknown)


@pytest.mark.clause("2.4-a")
async def test_the_eleventh_wrong_password_is_blocked_and_the_holder_told(platform: Platform) -> None:
    await new_holder(platform)
    await guess(platform, 10)
    passwords = CountingPasswords()
    with refused("TOO_MANY_ATTEMPTS") as caught:
        await sign_in(account_parts(platform, passwords=passwords), NOBODY, RIGHT)
    assert passwords.verified == 0
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > platform.clock.now()
    (mail,) = await mails(platform, to=EMAIL, template="sign_in_throttled")
    assert mail.values["address"] == "192.0.2.7"
    log = await security_log(platform)
    assert [entry.kind for entry in log].count("sign_in_throttled") == 1
    assert {entry.expires_at - entry.at for entry in log} == {timedelta(days=90)}


@pytest.mark.clause("2.4-a")
async def test_the_block_ends_and_the_right_password_opens(platform: Platform) -> None:
    await new_holder(platform)
    await guess(platform, 10)
    platform.clock.advance(timedelta(minutes=2))
    assert (await signed_in(platform)).viewer.account_id
    assert len(await mails(platform, template="sign_in_throttled")) == 1


async def test_the_holder_is_told_once_however_long_it_goes_on(platform: Platform) -> None:
    await new_holder(platform)
    await guess(platform, 10)
    for _ in range(5):
        platform.clock.advance(timedelta(minutes=20))
        await guess(platform, 1)
    assert len(await mails(platform, template="sign_in_throttled")) == 1
    platform.clock.advance(timedelta(hours=7))
    await guess(platform, 10)
    assert len(await mails(platform, template="sign_in_throttled")) == 2


async def test_many_addresses_tried_from_one_source_are_blocked_too(platform: Platform) -> None:
    await new_holder(platform)
    for number in range(10):
        await guess(platform, 1, SignIn(f"nobody{number}@example.org", PASSWORD))
    with refused("TOO_MANY_ATTEMPTS"):
        await sign_in(account_parts(platform), NOBODY, RIGHT)
    assert (await sign_in(account_parts(platform), ELSEWHERE, RIGHT)).viewer.account_id


@pytest.mark.clause("5.1-d")
async def test_a_recognised_device_is_not_slowed_down_by_strangers(platform: Platform) -> None:
    device_secret = (await verified_holder(platform)).device_secret
    await guess(platform, 10, viewer=ELSEWHERE)
    with refused("TOO_MANY_ATTEMPTS"):
        await sign_in(account_parts(platform), NOBODY, RIGHT)
    again = await sign_in(account_parts(platform), NOBODY, RIGHT, device_secret=device_secret)
    assert again.device_secret is None
    async with platform.sessions.read() as session:
        stored = (await session.scalars(select(RecognisedDeviceRow))).one()
    assert stored.expires_at - stored.created_at == DEVICE_LIFE == timedelta(seconds=7_776_000)
    assert str(device_secret).encode() not in stored.secret_hash


async def test_a_device_of_another_account_is_no_device(platform: Platform) -> None:
    await new_holder(platform)
    stranger = await verified_holder(platform, "stranger@example.org", origin=ELSEWHERE.origin)
    await guess(platform, 10)
    with refused("TOO_MANY_ATTEMPTS"):
        await sign_in(account_parts(platform), NOBODY, RIGHT, device_secret=stranger.device_secret)


async def test_an_own_account_in_between_does_not_clear_the_source(platform: Platform) -> None:
    await new_holder(platform)
    await new_holder(platform, "attacker@example.org")
    own = SignIn("attacker@example.org", PASSWORD)
    await guess(platform, 5)
    await sign_in(account_parts(platform), NOBODY, own)
    await guess(platform, 5)
    with refused("TOO_MANY_ATTEMPTS"):
        await sign_in(account_parts(platform), NOBODY, own)


async def test_signing_in_rightly_never_counts_against_an_office(platform: Platform) -> None:
    await new_holder(platform)
    for _ in range(25):
        await signed_in(platform)


async def test_parallel_guesses_gain_nothing(fresh_platform: Platform) -> None:
    await new_holder(fresh_platform)
    passwords = CountingPasswords()
    parts = account_parts(fresh_platform, passwords=passwords)

    async def try_it() -> str:
        try:
            await sign_in(parts, NOBODY, WRONG)
        except Exception as error:  # noqa: BLE001
            return str(getattr(error, "code", error))
        return "in"

    codes = await asyncio.gather(*(try_it() for _ in range(25)))
    assert sorted(set(codes)) == ["SIGN_IN_REFUSED", "TOO_MANY_ATTEMPTS"]
    assert codes.count("SIGN_IN_REFUSED") == passwords.verified == 10
    assert len(await security_log(fresh_platform, "sign_in")) == 10
    assert len(await mails(fresh_platform, template="sign_in_throttled")) == 1


async def test_parallel_right_passwords_all_open_although_the_hash_is_renewed(fresh_platform: Platform) -> None:
    await new_holder(fresh_platform)
    parts = account_parts(fresh_platform, passwords=Passwords(Argon2Parameters(16, 1, 1)))
    opened = await asyncio.gather(*(sign_in(parts, NOBODY, RIGHT) for _ in range(4)))
    assert len({one.session.id for one in opened}) == 4


async def test_a_hash_of_other_parameters_is_renewed(platform: Platform) -> None:
    await new_holder(platform)
    before = await account(platform)
    stronger = Passwords(Argon2Parameters(16, 1, 1))
    await sign_in(account_parts(platform, passwords=stronger), NOBODY, RIGHT)
    after = await account(platform)
    assert "m=8," in before.password_hash
    assert "m=16," in after.password_hash
    assert after.password_changed_at == before.password_changed_at
    assert await stronger.verify(after.password_hash, PASSWORD)


async def test_a_closed_account_cannot_be_signed_in_to(platform: Platform) -> None:
    holder = await verified_holder(platform)
    async with platform.sessions.write() as session:
        await session.execute(update(AccountRow).values(closed_at=platform.clock.now()))
    with refused("SIGN_IN_REFUSED"):
        await signed_in(platform)
    async with platform.sessions.read() as session:
        assert await viewer_of_session(session, holder.session_secret, ORIGIN, platform.clock) is None


async def test_signing_in_ends_the_former_session_of_the_browser(platform: Platform) -> None:
    first = await verified_holder(platform)
    second = await sign_in(account_parts(platform), first.viewer, RIGHT)
    async with platform.sessions.read() as session:
        assert await viewer_of_session(session, first.session_secret, ORIGIN, platform.clock) is None
        assert await viewer_of_session(session, second.session_secret, ORIGIN, platform.clock) is not None


async def test_an_account_has_a_bounded_number_of_sessions(platform: Platform) -> None:
    await new_holder(platform)
    opened = []
    for _ in range(MOST_SESSIONS + 2):
        platform.clock.advance(timedelta(seconds=1))
        opened.append(await signed_in(platform))
    async with platform.sessions.read() as session:
        live = (await session.scalars(select(SessionRow.id).where(SessionRow.revoked_at.is_(None)))).all()
    assert set(live) == {one.session.id for one in opened[2:]}


async def test_a_new_device_is_told_to_the_holder_and_a_known_one_is_not(platform: Platform) -> None:
    first = await verified_holder(platform)
    assert await mails(platform, template="new_device_sign_in") == []
    await sign_in(account_parts(platform), NOBODY, RIGHT, device_secret=first.device_secret)
    assert await mails(platform, template="new_device_sign_in") == []
    await sign_in(account_parts(platform), ELSEWHERE, RIGHT)
    (mail,) = await mails(platform, template="new_device_sign_in")
    assert (mail.values["address"], mail.values["device"]) == ("203.0.113.9", "Other/2")


async def test_a_device_gets_a_new_secret_after_a_month_and_stays_known(platform: Platform) -> None:
    first = await verified_holder(platform)
    platform.clock.advance(timedelta(days=31))
    later = await sign_in(account_parts(platform), NOBODY, RIGHT, device_secret=first.device_secret)
    assert later.device_secret not in {None, first.device_secret}
    assert await mails(platform, template="new_device_sign_in") == []


async def test_a_malformed_address_is_refused_before_anything_is_counted(platform: Platform) -> None:
    with refused("ADDRESS_REFUSED"):
        await sign_in(account_parts(platform), NOBODY, SignIn("no address", PASSWORD))
    assert set((await census(platform)).values()) == {0}
