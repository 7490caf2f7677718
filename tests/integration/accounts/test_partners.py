"""Partners as the operator keeps them: entered, approved under a contract, given tokens, shut out at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from api.accounts.partners import (
    add_partner,
    approve_partner,
    disable_partner,
    list_partners,
    mint_partner_token,
    replace_contact,
)
from api.accounts.staff import OPERATOR
from api.models import AccessGrantRow, ApiTokenRow, PartnerContactRow, RecipientRow
from api.viewer import Role
from tests.factories.partners import contact_of, entry, granted, organisation
from tests.integration.accounts.evidence import census, events, refused
from tests.integration.auth.people import holder, staff
from tests.integration.conftest import Platform


@pytest.mark.clause("X-5")
async def test_no_token_before_approval_and_no_approval_without_a_contract(platform: Platform) -> None:
    async with platform.works.open(OPERATOR) as work:
        made = await add_partner(work, entry())
    assert (made.recipient.kind, made.recipient.approved_at) == ("partner", None)
    with refused("PARTNER_NOT_APPROVED"):
        async with platform.works.open(OPERATOR) as work:
            await mint_partner_token(work, "acme-hosting", "server", expires_in_days=90)
    with refused("SETTING_REFUSED"):
        async with platform.works.open(OPERATOR) as work:
            await approve_partner(work, "acme-hosting", contract_reference="  ")
    async with platform.works.open(OPERATOR) as work:
        await approve_partner(work, "acme-hosting", contract_reference="C-1")
        minted = await mint_partner_token(work, "acme-hosting", "server", expires_in_days=90)
    assert minted.text not in repr(minted)
    assert (minted.row.account_id, minted.row.staff_id, minted.row.partner_id) == (None, None, made.row.id)
    kinds = [(event["kind"], event["operation"]["name"]) for event in await events(platform)]
    names = ["addPartner", "approveRecipient", "createPartnerToken"]
    assert sorted(kinds) == [("administration", name) for name in names]


async def test_outside_of_the_eea_a_safeguard_is_named(platform: Platform) -> None:
    async with platform.works.open(OPERATOR) as work:
        await add_partner(work, entry(country="us"))
    with refused("SETTING_REFUSED") as caught:
        async with platform.works.open(OPERATOR) as work:
            await approve_partner(work, "acme-hosting", contract_reference="C-1")
    assert getattr(caught.value, "rule", "") == "safeguard"
    async with platform.works.open(OPERATOR) as work:
        done = await approve_partner(work, "acme-hosting", contract_reference="C-1", safeguard="SCC 2021/914, module 2")
    assert (done.recipient.country, done.recipient.safeguard) == ("US", "SCC 2021/914, module 2")


@pytest.mark.parametrize(
    "changed",
    [
        {"code": "Acme"},
        {"code": ""},
        {"code": "-a"},
        {"code": "a" * 49},
        {"name": " "},
        {"name": "x" * 121},
        {"description": ""},
        {"country": ""},
        {"country": "XX"},
        {"purposes": ()},
        {"purposes": ("selling",)},
    ],
)
async def test_an_entry_that_says_too_little_is_refused(platform: Platform, changed: dict[str, Any]) -> None:
    with refused("SETTING_REFUSED"):
        async with platform.works.open(OPERATOR) as work:
            await add_partner(work, entry(**{"code": "acme", **changed}))
    assert (await census(platform))["recipient"] == 0


async def test_a_code_is_taken_once_and_a_contact_needs_an_address(platform: Platform) -> None:
    async with platform.works.open(OPERATOR) as work:
        await add_partner(work, entry())
    with refused("ALREADY_DONE"):
        async with platform.works.open(OPERATOR) as work:
            await add_partner(work, entry())
    for changed in ({"contact_email": "nobody"}, {"contact_name": ""}):
        with refused("ADDRESS_REFUSED" if "contact_email" in changed else "SETTING_REFUSED"):
            async with platform.works.open(OPERATOR) as work:
                await add_partner(work, replace(entry("other"), **changed))
    counts = await census(platform)
    assert (counts["recipient"], counts["partner"], counts["partner_contact"]) == (1, 1, 1)


async def test_only_administrators_keep_partners(platform: Platform) -> None:
    officer, sara = await staff(platform, Role.COMPLIANCE_OFFICER), await holder(platform)
    for viewer in (officer.viewer, sara.viewer):
        with refused("ADMINISTRATOR_REQUIRED"):
            async with platform.works.open(viewer) as work:
                await add_partner(work, entry())


async def test_who_approved_is_kept_by_pseudonym(platform: Platform) -> None:
    administrator = await staff(platform, Role.ADMINISTRATOR)
    async with platform.works.open(administrator.viewer) as work:
        await add_partner(work, entry())
        await approve_partner(work, "acme-hosting", contract_reference="C-1")
    async with platform.sessions.read() as session:
        assert await session.scalar(select(RecipientRow.approved_by)) == administrator.person.pseudonym


async def test_disabling_ends_tokens_grants_and_entry(platform: Platform) -> None:
    acme, sara = await organisation(platform), await holder(platform)
    await granted(platform, sara, acme)
    for _ in range(2):
        async with platform.works.open(OPERATOR) as work:
            await disable_partner(work, "acme-hosting")
    async with platform.sessions.read() as session:
        open_tokens = select(func.count()).where(ApiTokenRow.revoked_at.is_(None))
        open_grants = select(func.count()).where(AccessGrantRow.revoked_at.is_(None))
        assert (await session.scalar(open_tokens), await session.scalar(open_grants)) == (0, 0)
        assert await session.scalar(select(RecipientRow.ended_at)) == platform.clock.now()
        (listed,) = await list_partners(session)
    assert (listed.tokens, listed.grants) == (0, 0)
    assert len(await events(platform, "disablePartner")) == 1
    for again in (approve_partner, None):
        with refused("ALREADY_DONE" if again else "PARTNER_NOT_APPROVED"):
            async with platform.works.open(OPERATOR) as work:
                if again:
                    await again(work, "acme-hosting", contract_reference="C-2")
                await mint_partner_token(work, "acme-hosting", "server", expires_in_days=1)


async def test_another_contact_ends_the_tokens_of_the_former(platform: Platform) -> None:
    acme = await organisation(platform)
    former = await contact_of(platform, acme)
    async with platform.works.open(OPERATOR) as work:
        await replace_contact(work, "acme-hosting", name="Paul", email="paul@acme.example.com")
    async with platform.sessions.read() as session:
        present = (await session.scalars(select(PartnerContactRow).where(PartnerContactRow.ended_at.is_(None)))).one()
        assert await session.scalar(select(func.count()).where(ApiTokenRow.revoked_at.is_(None))) == 0
    assert (present.name, present.id != former.id) == ("Paul", True)
    (event,) = await events(platform, "replacePartnerContact")
    assert len(event["data_subjects"]) == 2


async def test_an_unknown_partner_and_a_wrong_life(platform: Platform) -> None:
    await organisation(platform)
    with refused("NOT_FOUND"):
        async with platform.works.open(OPERATOR) as work:
            await disable_partner(work, "nobody")
    for days in (0, 366):
        with refused("SETTING_REFUSED"):
            async with platform.works.open(OPERATOR) as work:
                await mint_partner_token(work, "acme-hosting", "server", expires_in_days=days)
