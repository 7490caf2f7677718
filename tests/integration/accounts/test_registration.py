"""Signing up and confirming the address."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.accounts.registration import SignUp, resend_verification, sign_up, verify_email
from api.auth.passwords import Passwords
from api.models import CONTENT_KEY_TABLE, AccountRow, OneTimeLinkRow
from api.viewer import anonymous
from tests.factories.accounts import (
    EMAIL,
    FAST,
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


class CountingPasswords(Passwords):
    """Real hashing that remembers how much work it did."""

    def __init__(self) -> None:
        super().__init__(FAST)
        self.hashed = 0
        self.verified = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)

    async def verify(self, stored: str, password: str) -> bool:
        self.verified += 1
        return await super().verify(stored, password)


@pytest.mark.clause("9-b")
@pytest.mark.parametrize("statement", [False, None])
async def test_without_the_age_statement_nothing_is_stored_or_logged(
    platform: Platform, statement: bool | None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    passwords = CountingPasswords()
    with refused("AGE_STATEMENT_REQUIRED"):
        await sign_up(account_parts(platform, passwords=passwords), NOBODY, SignUp(EMAIL, PASSWORD, statement))
    assert set((await census(platform)).values()) == {0}
    assert passwords.hashed == 0
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.clause("9-b")
async def test_a_raised_age_is_what_is_asked_and_stored(platform: Platform) -> None:
    parts = account_parts(platform, minimum_age=18)
    with refused("AGE_STATEMENT_REQUIRED") as caught:
        await sign_up(parts, NOBODY, SignUp(EMAIL, PASSWORD, age_statement=False))
    assert "18" in caught.value.message
    await sign_up(parts, NOBODY, SignUp(EMAIL, PASSWORD, age_statement=True))
    assert (await account(platform)).age_statement_version == "18-or-older/1"


@pytest.mark.clause("1.1-a")
async def test_sign_up_collects_the_required_fields_and_nothing_else(platform: Platform) -> None:
    assert {field.name for field in fields(SignUp)} == {"email", "password", "age_statement", "language"}
    await sign_up(account_parts(platform), NOBODY, SignUp(EMAIL, PASSWORD, age_statement=True, language="ar-KW"))
    row = await account(platform)
    assert (row.email, row.language, row.email_verified_at) == (EMAIL, "ar", None)
    assert (row.display_name, row.company_name, row.country, row.last_sign_in_at) == (None, None, None, None)
    assert PASSWORD not in row.password_hash
    assert row.password_hash.startswith("$argon2id$")


@pytest.mark.clause("1.1-a")
async def test_the_required_fields_make_an_account_that_works(platform: Platform) -> None:
    holder = await verified_holder(platform)
    assert holder.viewer.account_id == (await account(platform)).id


async def test_sign_up_leaves_one_record_that_names_the_columns(platform: Platform) -> None:
    await new_holder(platform)
    (event,) = await events(platform, "signUp")
    assert event["kind"] == "change"
    assert {"account.email", "account.age_statement_at", "account.password_hash"} <= set(event["coordinates"])
    assert set(event["clauses"]) == {"1.1-a", "9-b"}
    assert EMAIL not in str(event)
    assert "192.0.2.7" not in str(event)


async def test_a_known_address_gets_the_same_answer_for_the_same_work(platform: Platform) -> None:
    fresh, known = CountingPasswords(), CountingPasswords()
    asked = SignUp(EMAIL, PASSWORD, age_statement=True)
    await sign_up(account_parts(platform, passwords=fresh), NOBODY, asked)
    before = await account(platform)
    await sign_up(
        account_parts(platform, passwords=known), NOBODY, SignUp(EMAIL.upper(), PASSWORD + "!", age_statement=True)
    )
    assert (fresh.hashed, fresh.verified) == (known.hashed, known.verified) == (1, 0)
    assert (await account(platform)).password_hash == before.password_hash
    assert [mail.template for mail in await mails(platform, to=EMAIL)].count("account_exists") == 1
    (entry,) = await security_log(platform, "address_tried")
    assert not entry.succeeded


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (SignUp("not an address", PASSWORD, age_statement=True), "ADDRESS_REFUSED"),
        (SignUp("p\u0430ul@ex\u0430mple.org", PASSWORD, age_statement=True), "ADDRESS_REFUSED"),
        (SignUp(EMAIL, "short", age_statement=True), "PASSWORD_REFUSED"),
        (SignUp(EMAIL, PASSWORD, age_statement=True, language="tlh"), "SETTING_REFUSED"),
    ],
)
async def test_a_refused_sign_up_changes_nothing(platform: Platform, asked: SignUp, code: str) -> None:
    with refused(code):
        await sign_up(account_parts(platform), NOBODY, asked)
    assert set((await census(platform)).values()) == {0}


async def test_two_sign_ups_of_one_address_at_once_make_one_account(fresh_platform: Platform) -> None:
    parts = account_parts(fresh_platform)
    asked = [SignUp(address, PASSWORD, age_statement=True) for address in (EMAIL, EMAIL.upper()) * 2]
    await asyncio.gather(*(sign_up(parts, NOBODY, one) for one in asked))
    found = await census(fresh_platform)
    assert (found["account"], found["data_subject"], found["one_time_link"]) == (1, 1, 1)
    templates = sorted(mail.template for mail in await mails(fresh_platform))
    assert templates == ["account_exists"] * 3 + ["verify_email"]


async def test_sign_ups_from_one_source_are_limited(platform: Platform) -> None:
    for number in range(20):
        await new_holder(platform, f"holder{number}@example.org")
    before = await census(platform)
    with refused("TOO_MANY_ATTEMPTS") as caught:
        await new_holder(platform, "one-more@example.org")
    assert caught.value.retry_at is not None
    assert await census(platform) | {"throttle": 0} == before | {"throttle": 0}


async def test_a_link_confirms_the_address_once(platform: Platform) -> None:
    await new_holder(platform)
    link_token = await link_in(platform, "verify_email")
    async with platform.works.open(NOBODY) as work:
        await verify_email(work, link_token)
    assert (await account(platform)).email_verified_at == platform.clock.now()
    before = await census(platform)
    with refused("LINK_REFUSED"):
        async with platform.works.open(NOBODY) as work:
            await verify_email(work, link_token)
    assert await census(platform) == before
    (event,) = await events(platform, "verifyEmail")
    assert "account.email_verified_at" in event["coordinates"]


async def test_used_expired_and_unknown_links_are_answered_alike(platform: Platform) -> None:
    await new_holder(platform)
    link_token = await link_in(platform, "verify_email")
    answers = []
    platform.clock.advance(timedelta(hours=24))
    for sent in (link_token, "never-made", "", "x" * 10_000, "\x00", "\ud800"):
        with refused("LINK_REFUSED") as caught:
            async with platform.works.open(NOBODY) as work:
                await verify_email(work, sent)
        answers.append((caught.value.message, caught.value.field, caught.value.retry_at))
    assert len(set(answers)) == 1
    assert (await account(platform)).email_verified_at is None


async def test_a_link_used_twice_at_once_counts_once(fresh_platform: Platform) -> None:
    await new_holder(fresh_platform)
    link_token = await link_in(fresh_platform, "verify_email")

    async def use() -> str:
        try:
            async with fresh_platform.works.open(NOBODY) as work:
                await verify_email(work, link_token)
        except Exception as error:  # noqa: BLE001
            return str(getattr(error, "code", error))
        return "confirmed"

    outcomes = sorted(await asyncio.gather(*(use() for _ in range(5))))
    assert outcomes == ["LINK_REFUSED"] * 4 + ["confirmed"]
    assert len(await events(fresh_platform, "verifyEmail")) == 1


async def test_only_the_hash_of_a_link_is_stored(platform: Platform) -> None:
    await new_holder(platform)
    link_token = await link_in(platform, "verify_email")
    async with platform.sessions.read() as session:
        row = (await session.scalars(select(OneTimeLinkRow))).one()
    assert link_token.encode() not in row.secret_hash
    assert row.expires_at == platform.clock.now() + timedelta(hours=24)


async def test_another_link_can_be_asked_for_until_the_address_is_confirmed(platform: Platform) -> None:
    await new_holder(platform)
    parts, holder = account_parts(platform), await signed_in(platform)
    platform.clock.advance(timedelta(minutes=1))
    await resend_verification(parts, holder.viewer)
    assert len(await mails(platform, template="verify_email")) == 2
    async with platform.works.open(NOBODY) as work:
        await verify_email(work, await link_in(platform, "verify_email"))
    with refused("ALREADY_DONE"):
        await resend_verification(parts, holder.viewer)
    with refused("SIGN_IN_REQUIRED"):
        await resend_verification(parts, NOBODY)


async def test_mails_that_confirm_are_limited(platform: Platform) -> None:
    await new_holder(platform)
    parts, holder = account_parts(platform), await signed_in(platform)
    for _ in range(5):
        await resend_verification(parts, holder.viewer)
    with refused("TOO_MANY_ATTEMPTS"):
        await resend_verification(parts, holder.viewer)
    assert len(await mails(platform, template="verify_email")) == 6


async def test_a_content_key_is_made_for_the_new_person_alone(platform: Platform) -> None:
    async with platform.keys._engine.connect() as connection:
        before = await connection.scalar(select(func.count()).select_from(CONTENT_KEY_TABLE))
    await new_holder(platform)
    await new_holder(platform)
    async with platform.keys._engine.connect() as connection:
        after = await connection.scalar(select(func.count()).select_from(CONTENT_KEY_TABLE))
    async with platform.sessions.read() as session:
        assert await session.scalar(select(func.count()).select_from(AccountRow)) == 1
    assert (after or 0) - (before or 0) == 1
