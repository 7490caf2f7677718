"""Domains of an account: added once, removed alone, recorded always; a refusal changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from api.accounts.errors import SignInRequired
from api.accounts.restriction_errors import EmailNotVerified
from api.auth.scopes import AGENT_SCOPES
from api.domains.errors import DomainAlreadyAdded, DomainInUse, DomainNotFound, DomainRefused
from api.domains.lists import domain_of, domains_of, validations_of
from api.domains.service import add_domain, remove_domain
from api.kit.errors import AccessDenied, CertificateManagerError
from api.models import GOVERNANCE, AccountId, DomainId, DomainRow, DomainValidationRow, OrderRow
from api.viewer import Origin, Role, Viewer, anonymous
from governance.access import Grants
from governance.ids import new_id
from tests.integration.auth.people import Someone, holder, staff
from tests.integration.conftest import Platform


async def add(platform: Platform, viewer: Viewer, name: str, *, reserved: bool = False) -> DomainRow:
    async with platform.works.open(viewer) as work:
        return await add_domain(work, name, allow_reserved_names=reserved)


async def remove(platform: Platform, viewer: Viewer, domain_id: DomainId) -> DomainRow:
    async with platform.works.open(viewer) as work:
        return await remove_domain(work, domain_id)


async def state(platform: Platform) -> tuple[int, int, int]:
    """Count the rows that a refusal must not have changed."""
    async with platform.sessions.read() as session:
        tables = (DomainRow.__table__, DomainValidationRow.__table__, GOVERNANCE.audit_event)
        counts = [await session.scalar(select(func.count()).select_from(table)) for table in tables]
    return int(counts[0] or 0), int(counts[1] or 0), int(counts[2] or 0)


async def headers(platform: Platform) -> list[dict[str, Any]]:
    event = GOVERNANCE.audit_event
    async with platform.sessions.read() as session:
        return [json.loads(text) for text in await session.scalars(select(event.c.header).order_by(event.c.id))]


async def order(platform: Platform, someone: Someone, names: list[str], *, ended: bool) -> None:
    now = platform.clock.now()
    values = {
        "id": new_id(platform.clock),
        "account_id": someone.account_id,
        "authority": "Pebble",
        "names": names,
        "csr": b"",
        "csr_key_sha256": "0" * 64,
        "challenge_type": "HTTP_01",
        "phase": "awaiting_placement",
        "state": "INVALID" if ended else "PENDING",
        "attempts": 0,
        "polls": 0,
        "setback": False,
        "created_at": now,
        "ended_at": now if ended else None,
        "generation": 0,
    }
    async with platform.works.open(someone.viewer) as work:
        await work.session.execute(insert(OrderRow).values(values))


@pytest.mark.clause("1.2-a")
async def test_adding_stores_one_spelling_and_records_it_without_the_name(platform: Platform) -> None:
    sara = await holder(platform)
    row = await add(platform, sara.viewer, " *.Bücher.de. ")
    assert (row.name, row.name_unicode, row.account_id) == ("*.xn--bcher-kva.de", "*.bücher.de", sara.account_id)
    assert row.created_at == platform.clock.now()
    (header,) = await headers(platform)
    assert header["operation"]["name"] == "addDomain"
    assert header["kind"] == "change"
    assert str(sara.person.pseudonym) in json.dumps(header)
    assert "bcher" not in json.dumps(header)
    assert header["coordinates"] == ["domain.name", "domain.name_unicode"]
    assert header["data_subjects"] == [str(sara.person.pseudonym)]


@pytest.mark.parametrize("again", ["shop.a1-soft.com", "SHOP.a1-soft.com.", "shop。a1-soft.com"])
async def test_two_spellings_are_one_domain(platform: Platform, again: str) -> None:
    sara = await holder(platform)
    await add(platform, sara.viewer, "shop.a1-soft.com")
    before = await state(platform)
    with pytest.raises(DomainAlreadyAdded):
        await add(platform, sara.viewer, again)
    assert await state(platform) == before


async def test_accounts_do_not_see_each_other(platform: Platform) -> None:
    sara, omar = await holder(platform), await holder(platform, "omar@example.com")
    hers = await add(platform, sara.viewer, "shop.a1-soft.com")
    his = await add(platform, omar.viewer, "shop.a1-soft.com")
    assert hers.id != his.id
    before = await state(platform)
    with pytest.raises(DomainNotFound) as not_hers:
        await remove(platform, omar.viewer, hers.id)
    with pytest.raises(DomainNotFound) as not_there:
        await remove(platform, omar.viewer, DomainId(new_id(platform.clock)))
    assert not_hers.value.message == not_there.value.message
    assert await state(platform) == before
    async with platform.sessions.read() as session:
        assert await domain_of(session, AccountId(omar.viewer.account_id or new_id(platform.clock)), hers.id) is None


async def test_refusals_change_nothing(platform: Platform) -> None:
    sara = await holder(platform)
    unverified = await holder(platform, "new@example.com", email_verified_at=None)
    officer = await staff(platform, Role.COMPLIANCE_OFFICER)
    reader = Viewer(
        Role.HOLDER, person=sara.person, account_id=sara.account_id, grants=Grants(frozenset({"domains:read"}))
    )
    scoped = Viewer(Role.ANONYMOUS, Origin(), grants=Grants(frozenset({"domains:write"})))
    before = await state(platform)
    cases: list[tuple[Viewer, str, type[CertificateManagerError]]] = [
        (sara.viewer, "https://shop.a1-soft.com", DomainRefused),
        (sara.viewer, "shop.test", DomainRefused),
        (sara.viewer, "shop.example.com", DomainRefused),
        (unverified.viewer, "shop.a1-soft.com", EmailNotVerified),
        (reader, "shop.a1-soft.com", AccessDenied),
        (officer.viewer, "shop.a1-soft.com", AccessDenied),
        (anonymous(Origin()), "shop.a1-soft.com", AccessDenied),
        (scoped, "shop.a1-soft.com", SignInRequired),
    ]
    for viewer, name, error in cases:
        with pytest.raises(error):
            await add(platform, viewer, name)
    assert await state(platform) == before


async def test_reserved_names_where_the_installation_allows_them(platform: Platform) -> None:
    sara = await holder(platform)
    assert (await add(platform, sara.viewer, "shop.example.com", reserved=True)).name == "shop.example.com"


async def test_an_agent_adds_domains_for_its_account(platform: Platform) -> None:
    sara = await holder(platform)
    agent = Viewer(
        Role.AGENT, person=sara.person, account_id=sara.account_id, grants=Grants(AGENT_SCOPES, frozenset({"user"}))
    )
    assert (await add(platform, agent, "shop.a1-soft.com")).account_id == sara.account_id


async def test_removing_takes_validations_along_and_is_recorded(platform: Platform) -> None:
    sara, now = await holder(platform), platform.clock.now()
    row = await add(platform, sara.viewer, "shop.a1-soft.com")
    other = await add(platform, sara.viewer, "*.a1-soft.com")
    async with platform.works.open(sara.viewer) as work:
        for domain_id in (row.id, other.id):
            await work.session.execute(
                insert(DomainValidationRow).values(
                    id=new_id(platform.clock),
                    domain_id=domain_id,
                    authority="Pebble",
                    method="http-01",
                    validated_at=now,
                    valid_until=now,
                )
            )
    removed = await remove(platform, sara.viewer, row.id)
    assert removed.name == "shop.a1-soft.com"
    assert (await state(platform))[:2] == (1, 1)
    assert sorted(header["operation"]["name"] for header in await headers(platform)) == [
        "addDomain",
        "addDomain",
        "removeDomain",
    ]
    with pytest.raises(DomainNotFound):
        await remove(platform, sara.viewer, row.id)
    assert (await add(platform, sara.viewer, "shop.a1-soft.com")).id != row.id


async def test_a_domain_of_an_open_order_stays(platform: Platform) -> None:
    sara, omar = await holder(platform), await holder(platform, "omar@example.com")
    row = await add(platform, sara.viewer, "shop.a1-soft.com")
    await order(platform, sara, ["www.a1-soft.com", "shop.a1-soft.com"], ended=False)
    before = await state(platform)
    with pytest.raises(DomainInUse):
        await remove(platform, sara.viewer, row.id)
    assert await state(platform) == before
    his = await add(platform, omar.viewer, "shop.a1-soft.com")
    assert (await remove(platform, omar.viewer, his.id)).id == his.id


async def test_an_ended_order_does_not_hold_a_domain(platform: Platform) -> None:
    sara = await holder(platform)
    row = await add(platform, sara.viewer, "shop.a1-soft.com")
    await order(platform, sara, ["shop.a1-soft.com"], ended=True)
    assert (await remove(platform, sara.viewer, row.id)).id == row.id


async def test_pages_of_domains_and_validations(platform: Platform) -> None:
    sara = await holder(platform)
    assert sara.account_id is not None
    rows = [await add(platform, sara.viewer, f"host{number}.a1-soft.com") for number in range(5)]
    newest_first = [row.id for row in sorted(rows, key=lambda row: row.id, reverse=True)]
    async with platform.sessions.read() as session:
        first = await domains_of(session, sara.account_id, first=2)
        rest = await domains_of(session, sara.account_id, first=10, after=first.rows[-1].id)
        proofs = await validations_of(session, rows[0].id, first=10)
    assert [row.id for row in (*first.rows, *rest.rows)] == newest_first
    assert (first.total, first.has_next, rest.has_next) == (5, True, False)
    assert (proofs.rows, proofs.total, proofs.has_next) == ((), 0, False)


async def test_of_many_who_add_one_name_at_once_one_succeeds(fresh_platform: Platform) -> None:
    sara = await holder(fresh_platform)
    calls = (add(fresh_platform, sara.viewer, "shop.a1-soft.com") for _ in range(8))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, DomainRow) for result in results) == 1
    assert sum(isinstance(result, DomainAlreadyAdded) for result in results) == 7
    assert await state(fresh_platform) == (1, 0, 1)


async def test_of_many_who_remove_one_name_at_once_one_succeeds(fresh_platform: Platform) -> None:
    sara = await holder(fresh_platform)
    row = await add(fresh_platform, sara.viewer, "shop.a1-soft.com")
    calls = (remove(fresh_platform, sara.viewer, row.id) for _ in range(8))
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, DomainRow) for result in results) == 1
    assert sum(isinstance(result, DomainNotFound) for result in results) == 7
    assert await state(fresh_platform) == (0, 0, 2)
