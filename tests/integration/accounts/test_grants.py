"""Granting access: to partners at once, to teammates once they accept; shown, told by mail, ended at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select, update

from api.accounts import grants
from api.accounts.grants import grant_partner_access, revoke_access_grant
from api.accounts.invitations import accept_invitation, grant_teammate_access
from api.accounts.staff import OPERATOR
from api.auth.credential_cache import CHANNEL
from api.models import GOVERNANCE, AccessGrantRow, AccountRow, InvitationRow, PartnerId, RecipientRow
from api.viewer import Role
from governance.ids import new_id
from tests.factories.accounts import link_in, mails
from tests.factories.partners import (
    ALL_CATEGORIES,
    ALL_SCOPES,
    THROTTLE,
    granted,
    invited,
    organisation,
    signed_in,
    teammate_of,
    terms,
)
from tests.integration.accounts.evidence import census, events, refused, security_log
from tests.integration.auth.people import Someone, holder
from tests.integration.conftest import Platform

SARA, MATE = "sara@example.com", "mate@example.com"


async def test_a_partner_is_granted_at_once_and_the_holder_is_told(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    row = await granted(platform, sara, acme, scopes=("domains", "domains:read"), categories=("user",))
    assert (row.partner_id, row.accepted_at) == (acme.partner.row.id, platform.clock.now())
    assert row.scopes == ["domains:read", "domains:write"]
    assert row.categories == list(ALL_CATEGORIES)
    (mail,) = await mails(platform, to=SARA, template="access_granted")
    assert (mail.values["who"], mail.values["scopes"]) == ("acme-hosting Ltd", "domains:read, domains:write")
    (entry,) = await security_log(platform, "access_granted")
    assert entry.data_subject_id == sara.person.id
    (event,) = await events(platform, "grantPartnerAccess")
    assert event["data_subjects"] == [str(sara.person.pseudonym)]


async def test_a_repetition_grants_once_and_another_request_under_the_key_nothing(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    first = await granted(platform, sara, acme)
    assert (await granted(platform, sara, acme)).id == first.id
    with refused("IDEMPOTENCY_KEY_REUSED"):
        await granted(platform, sara, acme, days=31)
    assert (await census(platform))["access_grant"] == 1
    assert len(await mails(platform, template="access_granted")) == 1


@pytest.mark.parametrize(
    ("asked", "code", "rule"),
    [
        ({"scopes": ()}, "SCOPE_REFUSED", "no-scope"),
        ({"scopes": ("tokens:write",)}, "SCOPE_REFUSED", "scope-not-delegable"),
        ({"scopes": ("domains:read", "account:write")}, "SCOPE_REFUSED", "scope-not-delegable"),
        ({"scopes": ("security:read",)}, "SCOPE_REFUSED", "scope-not-delegable"),
        ({"scopes": ("access",)}, "SCOPE_REFUSED", "scope-not-delegable"),
        ({"scopes": ("nonsense",)}, "SCOPE_REFUSED", "scope-not-delegable"),
        ({"categories": ()}, "SETTING_REFUSED", "no-category"),
        ({"categories": ("user.authorization",)}, "SETTING_REFUSED", "category-not-delegable"),
        ({"categories": ("user.contact.nonsense",)}, "SETTING_REFUSED", "category-not-delegable"),
        ({"days": 0}, "SETTING_REFUSED", "grant-end"),
        ({"days": -1}, "SETTING_REFUSED", "grant-end"),
        ({"days": 367}, "SETTING_REFUSED", "grant-end"),
    ],
)
async def test_terms_that_cannot_be_granted(platform: Platform, asked: dict[str, Any], code: str, rule: str) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    before = await census(platform)
    with refused(code) as caught:
        await granted(platform, sara, acme, **asked)
    assert getattr(caught.value, "rule", "") == rule
    with refused(code):
        await invited(platform, sara, MATE, **asked)
    assert await census(platform, without=frozenset({"throttle"})) == {
        name: count for name, count in before.items() if name != "throttle"
    }


async def test_only_a_signed_in_holder_with_a_confirmed_address_grants(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    mate = await holder(platform, MATE)
    new = await holder(platform, "new@example.com", email_verified_at=None)
    viewers = {
        "OWN_SESSION_REQUIRED": sara.viewer,
        "OWN_SESSION_REQUIRED ": replace(signed_in(platform, mate), role=Role.TEAMMATE, account_id=sara.account_id),
        "EMAIL_NOT_VERIFIED": signed_in(platform, new),
    }
    for code, viewer in viewers.items():
        with refused(code.strip()):
            async with platform.works.open(viewer) as work:
                await grant_partner_access(work, acme.partner.row.id, terms(platform), "k")
        with refused(code.strip()):
            async with platform.works.open(viewer) as work:
                await grant_teammate_access(work, THROTTLE, "x@example.com", terms(platform), "k")
    assert (await census(platform))["access_grant"] == 0


async def test_a_partner_that_is_not_approved_is_not_there(platform: Platform) -> None:
    sara, acme = await holder(platform), await organisation(platform)
    async with platform.works.open(OPERATOR) as work:
        await work.session.execute(update(RecipientRow).values(approved_at=None))
    for partner_id in (acme.partner.row.id, PartnerId(new_id(platform.clock))):
        with refused("NOT_FOUND"):
            async with platform.works.open(signed_in(platform, sara)) as work:
                await grant_partner_access(work, partner_id, terms(platform), "k")


async def test_there_is_a_limit(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grants, "MOST_GRANTS", 2)
    sara, acme = await holder(platform), await organisation(platform)
    first = await granted(platform, sara, acme, "1")
    await invited(platform, sara, MATE, "2")
    with refused("TOO_MANY_ACCESS_GRANTS"):
        await granted(platform, sara, acme, "3")
    async with platform.works.open(signed_in(platform, sara)) as work:
        await revoke_access_grant(work, first.id)
    await granted(platform, sara, acme, "3")


async def test_an_invitation_waits_for_whoever_has_that_mailbox(platform: Platform) -> None:
    sara, mate = await holder(platform), await holder(platform, MATE)
    row = await invited(platform, sara, "Mate@Example.com")
    assert (row.grantee_account_id, row.accepted_at) == (None, None)
    link_token = await link_in(platform, "access_invitation", "Mate@example.com")
    async with platform.works.open(signed_in(platform, mate)) as work:
        accepted = await accept_invitation(work, link_token)
    assert (accepted.id, accepted.grantee_account_id) == (row.id, mate.account_id)
    (mail,) = await mails(platform, to=SARA, template="access_granted")
    assert mail.values["who"] == MATE
    (event,) = await events(platform, "acceptAccessGrant")
    people = {str(sara.person.pseudonym), str(mate.person.pseudonym)}
    assert (event["actor"]["pseudonym"], set(event["data_subjects"])) == (str(mate.person.pseudonym), people)
    with refused("INVITATION_REFUSED"):
        async with platform.works.open(signed_in(platform, mate)) as work:
            await accept_invitation(work, link_token)


async def test_whom_an_invitation_stood_for_is_forgotten_when_it_is_settled(platform: Platform) -> None:
    sara, mate = await holder(platform), await holder(platform, MATE)
    await teammate_of(platform, sara, mate, MATE)
    row = await invited(platform, sara, "stranger@example.net", "k-2")
    assert (await census(platform))["invitation"] == 1
    async with platform.works.open(signed_in(platform, sara)) as work:
        await revoke_access_grant(work, row.id)
    async with platform.sessions.read() as session:
        people = select(func.count()).where(GOVERNANCE.data_subject.c.kind == "invited")
        assert await session.scalar(people) == 0
    assert (await census(platform))["invitation"] == 0
    assert await mails(platform, template="access_invitation") == []


async def test_the_answer_does_not_tell_whether_an_address_has_an_account(platform: Platform) -> None:
    sara, _mate = await holder(platform), await holder(platform, MATE)
    left: list[dict[str, int]] = []
    rows: list[AccessGrantRow] = []
    for number, email in enumerate((MATE, "stranger@example.net")):
        before = await census(platform)
        rows.append(await invited(platform, sara, email, f"k-{number}"))
        after = await census(platform)
        left.append({name: after[name] - before[name] for name in after})
    left[1]["throttle"] += 1  # the network's counter is there from the first on
    assert left[0] == left[1]
    hidden = {"id", "_sa_instance_state"}
    assert {k: v for k, v in vars(rows[0]).items() if k not in hidden} == {
        k: v for k, v in vars(rows[1]).items() if k not in hidden
    }


async def test_invitations_that_do_not_work_are_refused_alike(platform: Platform) -> None:
    sara, mate, other = await holder(platform), await holder(platform, MATE), await holder(platform, "o@example.com")
    withdrawn = await invited(platform, sara, MATE, "1")
    taken_back = await link_in(platform, "access_invitation", MATE)
    async with platform.works.open(signed_in(platform, sara)) as work:
        await revoke_access_grant(work, withdrawn.id)
    await invited(platform, sara, MATE, "2")
    good = await link_in(platform, "access_invitation", MATE)

    async def accepts(someone: Someone, link_token: str) -> None:
        with refused("INVITATION_REFUSED"):
            async with platform.works.open(signed_in(platform, someone)) as work:
                await accept_invitation(work, link_token)

    await accepts(mate, taken_back)
    await accepts(other, good)
    await accepts(sara, good)
    for text in ("", "é", "x" * 9999):
        await accepts(mate, text)
    platform.clock.advance(timedelta(days=7))
    await accepts(mate, good)


async def test_nobody_invites_themselves_or_writes_to_strangers_without_end(platform: Platform) -> None:
    sara = await holder(platform)
    with refused("SETTING_REFUSED"):
        await invited(platform, sara, "SARA@example.com")
    with refused("TOO_MANY_ATTEMPTS"):
        for number in range(20):
            await invited(platform, sara, "stranger@example.net", f"k-{number}")
    assert 1 <= len(await mails(platform, template="access_invitation")) <= 6


async def test_revoking_is_for_the_holder_alone_and_safe_to_repeat(platform: Platform) -> None:
    sara, mate, acme = await holder(platform), await holder(platform, MATE), await organisation(platform)
    row = await granted(platform, sara, acme)
    with refused("NOT_FOUND"):
        async with platform.works.open(signed_in(platform, mate)) as work:
            await revoke_access_grant(work, row.id)
    for _ in range(2):
        async with platform.works.open(sara.viewer) as work:
            ended = await revoke_access_grant(work, row.id)
    assert ended.revoked_at == platform.clock.now()
    assert len(await security_log(platform, "access_revoked")) == 1
    assert row.scopes == list(ALL_SCOPES)


async def test_every_process_hears_of_an_end_when_it_commits(fresh_platform: Platform) -> None:
    platform = fresh_platform
    sara, acme = await holder(platform), await organisation(platform)
    row = await granted(platform, sara, acme)
    heard: list[str] = []
    connection = await asyncpg.connect(platform.urls.application.plain)
    await connection.add_listener(CHANNEL, lambda *told: heard.append(told[-1]))
    async with platform.works.open(sara.viewer) as work:
        await revoke_access_grant(work, row.id)
        await connection.execute("select 1")
        assert heard == []
    await connection.execute("select 1")
    await connection.close()
    assert heard == [str(row.id)]


async def test_an_invitation_that_was_withdrawn_opens_nothing(fresh_platform: Platform) -> None:
    platform = fresh_platform
    sara, mate = await holder(platform), await holder(platform, MATE)
    row = await invited(platform, sara, MATE)
    link_token = await link_in(platform, "access_invitation", MATE)
    async with platform.works.open(sara.viewer) as work:
        await revoke_access_grant(work, row.id)
    with refused("INVITATION_REFUSED"):
        async with platform.works.open(signed_in(platform, mate)) as work:
            await accept_invitation(work, link_token)
    async with platform.sessions.read() as session:
        assert await session.scalar(select(func.count()).select_from(InvitationRow)) == 0
        assert await session.scalar(select(AccessGrantRow.grantee_account_id)) is None
        assert await session.scalar(select(func.count()).select_from(AccountRow)) == 2
