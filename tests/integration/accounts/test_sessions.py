"""Ending sessions, and proving the password again."""

from __future__ import annotations

from datetime import timedelta

from api.accounts.queries import sessions_of
from api.accounts.sessions import SignedIn, revoke_other_sessions, revoke_session, sign_out
from api.accounts.sign_in import reauthenticate
from api.auth.viewers import viewer_of_session
from api.viewer import anonymous
from tests.factories.accounts import ORIGIN, PASSWORD, account_parts, signed_in, verified_holder
from tests.integration.accounts.evidence import census, events, refused, security_log
from tests.integration.conftest import Platform


async def opens(platform: Platform, holder: SignedIn) -> bool:
    async with platform.sessions.read() as session:
        return await viewer_of_session(session, holder.session_secret, ORIGIN, platform.clock) is not None


async def test_sign_out_ends_the_session_and_is_recorded_once(platform: Platform) -> None:
    holder = await verified_holder(platform)
    for _ in range(2):
        async with platform.works.open(holder.viewer) as work:
            await sign_out(work)
    assert not await opens(platform, holder)
    assert len(await events(platform, "signOut")) == 1
    with refused("SIGN_IN_REQUIRED"):
        async with platform.works.open(anonymous(ORIGIN)) as work:
            await sign_out(work)


async def test_one_session_is_ended_and_the_others_stay(platform: Platform) -> None:
    first, second = await verified_holder(platform), await signed_in(platform)
    async with platform.works.open(first.viewer) as work:
        ended = await revoke_session(work, second.session.id)
    assert ended.revoked_at == platform.clock.now()
    assert (await opens(platform, first), await opens(platform, second)) == (True, False)
    (event,) = await events(platform, "revokeSession")
    assert "session.revoked_at" in event["coordinates"]


async def test_a_session_of_somebody_else_does_not_exist(platform: Platform) -> None:
    holder = await verified_holder(platform)
    stranger = await verified_holder(platform, "stranger@example.org")
    before = await census(platform)
    with refused("NOT_FOUND"):
        async with platform.works.open(stranger.viewer) as work:
            await revoke_session(work, holder.session.id)
    assert await opens(platform, holder)
    assert await census(platform) == before


async def test_all_others_are_ended_at_once(platform: Platform) -> None:
    first, *others = [await verified_holder(platform), await signed_in(platform), await signed_in(platform)]
    async with platform.works.open(first.viewer) as work:
        assert await revoke_other_sessions(work) == 2
        assert await revoke_other_sessions(work) == 0
    assert [await opens(platform, holder) for holder in (first, *others)] == [True, False, False]
    assert len(await security_log(platform, "sessions_ended")) == 1


async def test_sessions_are_listed_by_keyset_newest_first(platform: Platform) -> None:
    opened = [await verified_holder(platform)]
    for _ in range(4):
        platform.clock.advance(timedelta(seconds=1))
        opened.append(await signed_in(platform))
    await verified_holder(platform, "stranger@example.org")
    viewer, newest_first = opened[0].viewer, [one.session.id for one in reversed(opened)]
    async with platform.sessions.read() as session:
        start = await sessions_of(session, viewer, platform.clock, first=2)
        rest = await sessions_of(session, viewer, platform.clock, first=100, after=start.rows[-1].id)
    assert [row.id for row in start.rows + rest.rows] == newest_first
    assert (start.total, start.has_next, rest.total, rest.has_next) == (5, True, 5, False)
    async with platform.sessions.read() as session:
        assert (await sessions_of(session, viewer, platform.clock, first=0)).rows == ()


async def test_proving_the_password_changes_the_secret_of_the_session(platform: Platform) -> None:
    before = await verified_holder(platform)
    platform.clock.advance(timedelta(hours=1))
    after = await reauthenticate(account_parts(platform), before.viewer, PASSWORD)
    assert after.session.id == before.session.id
    assert after.session.reauthenticated_at == platform.clock.now()
    assert after.session.expires_at == before.session.expires_at
    assert (await opens(platform, before), await opens(platform, after)) == (False, True)


async def test_a_wrong_password_is_counted_for_this_session(platform: Platform) -> None:
    holder, other = await verified_holder(platform), await signed_in(platform)
    parts = account_parts(platform)
    for _ in range(10):
        with refused("REAUTHENTICATION_REQUIRED"):
            await reauthenticate(parts, holder.viewer, "wrong")
    with refused("TOO_MANY_ATTEMPTS"):
        await reauthenticate(parts, holder.viewer, PASSWORD)
    assert len(await security_log(platform, "reauthentication")) == 10
    assert await reauthenticate(parts, other.viewer, PASSWORD)
