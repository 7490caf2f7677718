"""Staff: made by an administrator, signed in with password and one-time code, shut out at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from api.accounts.sessions import sign_out
from api.accounts.staff import (
    OPERATOR,
    NewStaff,
    StaffCreated,
    create_staff,
    disable_staff,
    mint_staff_token,
)
from api.accounts.staff_sign_in import StaffSignIn, staff_sign_in
from api.auth.one_time_codes import current_code
from api.auth.viewers import viewer_of_api_token, viewer_of_session
from api.viewer import Role, anonymous
from governance.access import Grants
from tests.factories.accounts import ORIGIN, PASSWORD, account_parts, mails, verified_holder
from tests.integration.accounts.evidence import census, events, refused, security_log
from tests.integration.conftest import Platform

NOBODY = anonymous(ORIGIN)
EMAIL = "officer@example.org"

_OF_THE_LOG = frozenset({"user.unique_id.pseudonymous"})


async def officer(
    platform: Platform, role: Role = Role.COMPLIANCE_OFFICER, password: str | None = PASSWORD
) -> StaffCreated:
    return await create_staff(account_parts(platform), OPERATOR, NewStaff(EMAIL, "Olive", role, password))


def typed(platform: Platform, made: StaffCreated, password: str = PASSWORD) -> StaffSignIn:
    return StaffSignIn(EMAIL, password, current_code(made.one_time_code_secret, platform.clock.now()))


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.COMPLIANCE_OFFICER, {"audit:read", "schema:read"}),
        (Role.AUDITOR, {"audit:read", "schema:read"}),
        (Role.SUPPORT, {"schema:read"}),
        (Role.ADMINISTRATOR, {"schema:read"}),
    ],
)
async def test_staff_get_what_their_role_needs_and_no_personal_data(
    platform: Platform, role: Role, scopes: set[str]
) -> None:
    made = await officer(platform, role)
    inside = await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))
    reads_the_log = "audit:read" in scopes
    expected = Grants(frozenset(scopes), _OF_THE_LOG if reads_the_log else frozenset())
    assert (inside.viewer.role, inside.viewer.grants) == (role, expected)
    assert (inside.viewer.account_id, inside.device_secret, inside.cookie_life) == (None, None, None)
    async with platform.sessions.read() as session:
        assert await viewer_of_session(session, inside.session_secret, ORIGIN, platform.clock) == inside.viewer
    async with platform.works.open(inside.viewer) as work:
        await sign_out(work)


async def test_a_made_password_and_secret_are_shown_once_and_stored_unreadably(platform: Platform) -> None:
    made = await officer(platform, password=None)
    assert made.password is not None
    assert made.password not in repr(made)
    assert made.one_time_code_secret not in made.staff.one_time_code_secret
    query = parse_qs(urlsplit(made.otpauth_uri).query)
    assert query["issuer"] == ["Test site"]
    assert await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made, made.password))
    (event,) = await events(platform, "createStaff")
    assert event["kind"] == "administration"
    assert "staff.one_time_code_secret" in event["coordinates"]


async def test_password_and_code_are_wrong_together(platform: Platform) -> None:
    made = await officer(platform)
    right = typed(platform, made)
    other_code = "000000" if right.one_time_code != "000000" else "111111"
    answers = set()
    for asked in (
        StaffSignIn(EMAIL, "wrong", right.one_time_code),
        StaffSignIn(EMAIL, PASSWORD, other_code),
        StaffSignIn("nobody@example.org", PASSWORD, right.one_time_code),
    ):
        with refused("SIGN_IN_REFUSED") as caught:
            await staff_sign_in(account_parts(platform), NOBODY, asked)
        answers.add(caught.value.message)
    assert len(answers) == 1
    assert [entry.succeeded for entry in await security_log(platform)] == [False, False]


async def test_a_code_is_accepted_once(platform: Platform) -> None:
    made = await officer(platform)
    asked = typed(platform, made)
    await staff_sign_in(account_parts(platform), NOBODY, asked)
    with refused("SIGN_IN_REFUSED"):
        await staff_sign_in(account_parts(platform), NOBODY, asked)
    platform.clock.advance(timedelta(seconds=30))
    assert await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))


async def test_a_code_used_twice_at_once_opens_once(fresh_platform: Platform) -> None:
    made = await officer(fresh_platform)
    parts, asked = account_parts(fresh_platform), typed(fresh_platform, made)
    outcomes = await asyncio.gather(*(staff_sign_in(parts, NOBODY, asked) for _ in range(4)), return_exceptions=True)
    codes = [getattr(one, "code", "in") for one in outcomes]
    assert sorted(codes) == ["SIGN_IN_REFUSED"] * 3 + ["in"]


@pytest.mark.clause("2.4-a")
async def test_wrong_codes_are_throttled_and_told(platform: Platform) -> None:
    made = await officer(platform)
    for _ in range(10):
        with refused("SIGN_IN_REFUSED"):
            await staff_sign_in(account_parts(platform), NOBODY, StaffSignIn(EMAIL, PASSWORD, "12345"))
    with refused("TOO_MANY_ATTEMPTS"):
        await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))
    assert len(await mails(platform, to=EMAIL, template="sign_in_throttled")) == 1


async def test_disabled_staff_are_out_at_once(platform: Platform) -> None:
    made = await officer(platform)
    inside = await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))
    async with platform.works.open(OPERATOR) as work:
        token = await mint_staff_token(work, EMAIL, "dev", expires_in_days=1)
    for _ in range(2):
        async with platform.works.open(OPERATOR) as work:
            await disable_staff(work, EMAIL)
    platform.clock.advance(timedelta(seconds=30))
    with refused("SIGN_IN_REFUSED"):
        await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))
    async with platform.sessions.read() as session:
        assert await viewer_of_session(session, inside.session_secret, ORIGIN, platform.clock) is None
        with refused("CREDENTIAL_REFUSED"):
            await viewer_of_api_token(session, token.text, ORIGIN, platform.clock)
    assert len(await events(platform, "disableStaff")) == 1
    with refused("ALREADY_DONE"):
        async with platform.works.open(OPERATOR) as work:
            await mint_staff_token(work, EMAIL, "dev", expires_in_days=1)


async def test_an_officers_token_reads_the_log_and_nothing_personal(platform: Platform) -> None:
    await officer(platform)
    async with platform.works.open(OPERATOR) as work:
        token = await mint_staff_token(work, EMAIL, "dev", expires_in_days=1)
    async with platform.sessions.read() as session:
        viewer = await viewer_of_api_token(session, token.text, ORIGIN, platform.clock)
    assert viewer.role is Role.COMPLIANCE_OFFICER
    assert viewer.grants == Grants(frozenset({"audit:read", "schema:read"}), _OF_THE_LOG)


async def test_only_an_administrator_manages_staff(platform: Platform) -> None:
    holder = await verified_holder(platform)
    made = await officer(platform)
    inside = await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))
    before = await census(platform)
    for viewer in (NOBODY, holder.viewer, inside.viewer):
        with refused("ADMINISTRATOR_REQUIRED"):
            await create_staff(account_parts(platform), viewer, NewStaff("x@example.org", "X", Role.ADMINISTRATOR))
        with refused("ADMINISTRATOR_REQUIRED"):
            async with platform.works.open(viewer) as work:
                await disable_staff(work, EMAIL)
        with refused("ADMINISTRATOR_REQUIRED"):
            async with platform.works.open(viewer) as work:
                await mint_staff_token(work, EMAIL, "dev", expires_in_days=1)
    assert await census(platform) == before


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (NewStaff(EMAIL, "Twice", Role.AUDITOR, PASSWORD), "ALREADY_DONE"),
        (NewStaff("x@example.org", "X", Role.HOLDER, PASSWORD), "SETTING_REFUSED"),
        (NewStaff("x@example.org", " ", Role.AUDITOR, PASSWORD), "SETTING_REFUSED"),
        (NewStaff("x@example.org", "X", Role.AUDITOR, "short"), "PASSWORD_REFUSED"),
        (NewStaff("x", "X", Role.AUDITOR, PASSWORD), "ADDRESS_REFUSED"),
    ],
)
async def test_refused_staff_leave_nothing(platform: Platform, asked: NewStaff, code: str) -> None:
    await officer(platform)
    before = await census(platform)
    with refused(code):
        await create_staff(account_parts(platform), OPERATOR, asked)
    assert await census(platform) == before


async def test_nobody_is_found_under_a_strange_address(platform: Platform) -> None:
    with refused("NOT_FOUND"):
        async with platform.works.open(OPERATOR) as work:
            await disable_staff(work, EMAIL)
    with refused("SETTING_REFUSED"):
        async with platform.works.open(OPERATOR) as work:
            await mint_staff_token(work, EMAIL, "dev", expires_in_days=0)


async def test_staff_and_holders_may_share_an_address(platform: Platform) -> None:
    holder = await verified_holder(platform, EMAIL)
    made = await officer(platform)
    inside = await staff_sign_in(account_parts(platform), NOBODY, typed(platform, made))
    assert holder.viewer.person != inside.viewer.person
