"""Acting under a grant: one statement, never more than grant and actor hold, one answer for all that do not hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from api.accounts.grants import revoke_access_grant
from api.accounts.partners import add_partner, disable_partner
from api.accounts.staff import OPERATOR
from api.auth.delegation import DELEGABLE_CATEGORIES, DELEGABLE_SCOPES
from api.auth.errors import CredentialRefused, GrantRefused
from api.auth.viewers import touch, viewer_of_api_token, viewer_of_session
from api.models import AccessGrantId, AccessGrantRow, AccountRow, RecipientRow
from api.viewer import Role, Viewer
from governance.access import Grants
from governance.ids import new_id
from tests.factories.partners import contact_of, entry, granted, invited, organisation, signed_in, teammate_of
from tests.integration.auth.people import ORIGIN, api_token_of, holder, session_of, staff
from tests.integration.auth.test_viewers import counted
from tests.integration.conftest import Platform


async def by_token(platform: Platform, text: str, grant: AccessGrantId | None = None) -> Viewer:
    async with platform.sessions.read() as session:
        return await viewer_of_api_token(session, text, ORIGIN, platform.clock, grant)


async def by_session(platform: Platform, secret: str, grant: AccessGrantId) -> Viewer | None:
    async with platform.sessions.read() as session:
        return await viewer_of_session(session, secret, ORIGIN, platform.clock, grant)


async def test_a_partner_acts_as_its_contact_for_the_holder_who_granted(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    grant = await granted(platform, sara, acme, scopes=("domains",), categories=("user.contact.url",))
    contact = await contact_of(platform, acme)
    with counted(platform) as statements:
        viewer = await by_token(platform, acme.api_token, grant.id)
    assert len(statements) == 1
    assert (viewer.role, viewer.account_id, viewer.holder) == (Role.PARTNER, sara.account_id, sara.person)
    assert viewer.person is not None
    assert (viewer.person.id, viewer.actor.role) == (contact.data_subject_id, "partner")
    assert (viewer.access_grant_id, viewer.recipient) == (grant.id, "acme-hosting")
    own = frozenset({"schema:read"})
    assert viewer.grants == Grants(own | {"domains:read", "domains:write"}, frozenset({"user.contact.url"}))


async def test_a_partner_that_names_no_grant_has_no_account(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    await granted(platform, sara, acme)
    viewer = await by_token(platform, acme.api_token)
    assert (viewer.role, viewer.account_id, viewer.holder) == (Role.PARTNER, None, None)
    assert viewer.grants == Grants(frozenset({"access:read", "schema:read"}), frozenset({"user.account"}))


async def test_a_teammate_acts_by_session_and_by_a_token_that_narrows_it(platform: Platform) -> None:
    sara, mate = await holder(platform), await holder(platform, "mate@example.com")
    grant = await teammate_of(platform, sara, mate, "mate@example.com")
    _, secret = await session_of(platform, mate)
    viewer = await by_session(platform, secret, grant.id)
    assert viewer is not None
    assert (viewer.role, viewer.account_id) == (Role.TEAMMATE, sara.account_id)
    assert (viewer.person, viewer.holder, viewer.recipient) == (mate.person, sara.person, None)
    assert viewer.grants == Grants(DELEGABLE_SCOPES | {"schema:read"}, DELEGABLE_CATEGORIES)
    _, narrow = await api_token_of(platform, mate, scopes=["domains:read", "tokens:write"], categories=["user.contact"])
    viewer = await by_token(platform, narrow.text, grant.id)
    assert viewer.grants == Grants(frozenset({"domains:read"}), frozenset({"user.contact"}))


async def test_what_opens_doors_is_never_handed_on_whatever_a_row_says(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    grant = await granted(platform, sara, acme)
    everything = ["account", "tokens", "access", "security", "agents", "audit:read"]
    async with platform.works.open(OPERATOR) as work:
        await work.session.execute(update(AccessGrantRow).values(scopes=everything, categories=["user"]))
    viewer = await by_token(platform, acme.api_token, grant.id)
    assert viewer.grants == Grants(frozenset({"account:read", "agents:read", "schema:read"}), DELEGABLE_CATEGORIES)


async def test_grants_that_do_not_hold_are_refused_alike(platform: Platform) -> None:
    sara, olga = await holder(platform), await holder(platform, "olga@example.com")
    acme, rival = await organisation(platform), await organisation(platform, "rival")
    foreign = await granted(platform, sara, rival)
    revoked = await granted(platform, sara, acme, "k-0")
    ending = await granted(platform, sara, acme, "k-2", days=1)
    closed = await granted(platform, olga, acme)
    waiting = await invited(platform, sara, "mate@example.com", "k-3")
    async with platform.works.open(signed_in(platform, sara)) as work:
        await revoke_access_grant(work, revoked.id)
    async with platform.works.open(OPERATOR) as work:
        account = update(AccountRow).where(AccountRow.id == olga.account_id).values(closed_at=platform.clock.now())
        await work.session.execute(account)
    assert (await by_token(platform, acme.api_token, ending.id)).account_id == sara.account_id
    platform.clock.advance(timedelta(days=1))
    messages = set()
    for one in (foreign.id, revoked.id, ending.id, closed.id, waiting.id, AccessGrantId(new_id(platform.clock))):
        with pytest.raises(GrantRefused) as refused:
            await by_token(platform, acme.api_token, one)
        messages.add((refused.value.code, refused.value.message))
    assert len(messages) == 1


async def test_agents_staff_and_strangers_act_for_nobody(platform: Platform) -> None:
    sara, mate = await holder(platform), await holder(platform, "mate@example.com")
    acme = await organisation(platform)
    grant = await granted(platform, sara, acme)
    shared = await teammate_of(platform, sara, mate, "mate@example.com", key="k-2")
    officer = await staff(platform, Role.COMPLIANCE_OFFICER)
    for someone in (mate, sara, officer):
        _, secret = await session_of(platform, someone)
        with pytest.raises(GrantRefused):
            await by_session(platform, secret, grant.id)
    _, of_holder = await session_of(platform, sara)
    with pytest.raises(GrantRefused):
        await by_session(platform, of_holder, shared.id)
    assert await by_session(platform, "nobody's", shared.id) is None


async def test_a_partner_opens_nothing_before_approval_and_after_its_end(platform: Platform) -> None:
    acme = await organisation(platform)
    assert (await by_token(platform, acme.api_token)).recipient == "acme-hosting"
    async with platform.works.open(OPERATOR) as work:
        await work.session.execute(update(RecipientRow).values(approved_at=None))
    with pytest.raises(CredentialRefused):
        await by_token(platform, acme.api_token)
    async with platform.works.open(OPERATOR) as work:
        await work.session.execute(update(RecipientRow).values(approved_at=platform.clock.now()))
        await add_partner(work, entry("other"))
        await disable_partner(work, "acme-hosting")
    with pytest.raises(CredentialRefused):
        await by_token(platform, acme.api_token)


async def test_the_last_use_of_a_grant_is_kept_to_the_minute(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    grant = await granted(platform, sara, acme)
    first = platform.clock.now()
    for seconds in (0, 30, 31):
        platform.clock.advance(timedelta(seconds=seconds))
        async with platform.sessions.write() as session:
            await touch(session, AccessGrantRow, [grant.id], platform.clock)
            row = await session.get_one(AccessGrantRow, grant.id, populate_existing=True)
            assert row.last_used_at == (first if seconds < 31 else platform.clock.now())
