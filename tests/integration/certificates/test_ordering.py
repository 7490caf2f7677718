"""Ordering: what is stored, what is refused, and that a refusal leaves nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, update

from api.certificates.errors import OrderNotPending
from api.certificates.notices import authority_notice, order_notices, transparency_notice
from api.certificates.orders import OrderRules, confirm_challenges
from api.db.sessions import ReadSession
from api.issuance.authority import LETS_ENCRYPT
from api.kit.errors import AccessDenied, CertificateManagerError, NotFound
from api.models import (
    GOVERNANCE,
    AccountRow,
    AcknowledgementRow,
    AgentId,
    AgentRow,
    Base,
    CaAccountRow,
    DisclosureRow,
    IdempotencyKeyRow,
    OrderId,
    OrderRow,
)
from api.viewer import Origin, anonymous
from governance.access import Grants
from governance.ids import new_id
from tests.factories.orders import Holder, add_domains, leaf_key, make_csr, make_holder
from tests.integration.certificates.conftest import CSR, RULES, PlaceOrder
from tests.integration.conftest import Platform


async def _rows(platform: Platform) -> Mapping[str, int]:
    """Count the rows of every table."""
    async with platform.sessions.read() as session:
        return {
            table.name: (await session.execute(select(func.count()).select_from(table))).scalar_one()
            for table in Base.metadata.sorted_tables
        }


async def _headers(session: ReadSession) -> list[dict[str, Any]]:
    found = await session.execute(select(GOVERNANCE.audit_event.c.header))
    return sorted((json.loads(header) for header in found.scalars()), key=lambda header: header["kind"])


@pytest.fixture
async def holder(platform: Platform) -> Holder:
    return await make_holder(platform, "shop.example.com")


@pytest.mark.clause("4.1-a")
@pytest.mark.clause("4.1-b")
@pytest.mark.clause("4.1-d")
async def test_an_order_is_stored_with_its_disclosure_acknowledgements_and_records(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    row = await place_order(holder)
    async with platform.sessions.read() as session:
        disclosure = (await session.execute(select(DisclosureRow))).scalar_one()
        acknowledged = (await session.execute(select(AcknowledgementRow))).scalars().all()
        headers = await _headers(session)
    assert (row.state, row.phase, row.authority, row.names) == (
        "REQUESTED", "requested", "Let's Encrypt", ["shop.example.com"],
    )  # fmt: skip
    assert row.next_action_at == platform.clock.now()
    assert (disclosure.order_id, disclosure.recipient, disclosure.names) == (row.id, row.authority, row.names)
    versions = {(each.kind, each.version, each.order_id) for each in acknowledged}
    assert versions == {
        ("certificate_transparency", transparency_notice().version, row.id),
        ("certificate_authority", authority_notice(LETS_ENCRYPT).version, None),
    }
    assert [(header["kind"], header["operation"]["name"]) for header in headers] == [
        ("change", "orderCertificate"),
        ("recipient", "discloseToAuthority"),
    ]
    assert headers[1]["clauses"] == ["4.1-b", "X-5"]
    assert "shop.example.com" not in json.dumps(headers)


REFUSALS: dict[str, dict[str, Any]] = {
    "DOMAIN_NOT_ADDED": {"csr": make_csr(["shop.example.com", "other.example.com"])},
    "CT_NOT_ACKNOWLEDGED": {"ct_acknowledged": False},
    "CT_NOT_ACKNOWLEDGED old version": {"ct_notice_version": "2020-01-000000000000"},
    "CA_NOTICE_NOT_ACKNOWLEDGED": {"ca_notice_acknowledged": False},
    "CA_NOTICE_NOT_ACKNOWLEDGED old version": {"ca_notice_version": "2020-01-000000000000"},
    "CHALLENGE_UNSUITABLE": {"csr": make_csr(["*.example.com"])},
    "CSR_REFUSED": {"csr": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"},
    "NOT_FOUND": {"agent_id": AgentId(UUID(int=7))},
    "INVALID_INPUT": {"idempotency_key": ""},
    "INVALID_INPUT too long": {"idempotency_key": "k" * 201},
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refused_order_leaves_nothing(
    platform: Platform, holder: Holder, place_order: PlaceOrder, case: str
) -> None:
    before = await _rows(platform)
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(holder, **REFUSALS[case])
    assert refusal.value.code == case.split(maxsplit=1)[0]
    assert await _rows(platform) == before


async def test_the_missing_domain_is_named(holder: Holder, place_order: PlaceOrder) -> None:
    with pytest.raises(CertificateManagerError, match=r"other\.example\.com") as refusal:
        await place_order(holder, **REFUSALS["DOMAIN_NOT_ADDED"])
    assert "shop.example.com" not in refusal.value.message
    assert refusal.value.field == ("csr",)


@pytest.mark.clause("4.1-d")
async def test_the_refusal_without_acknowledgement_is_the_notice(holder: Holder, place_order: PlaceOrder) -> None:
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(holder, ct_acknowledged=False)
    assert transparency_notice().text in refusal.value.message
    assert transparency_notice().version in refusal.value.message


async def test_another_accounts_domain_and_agent_do_not_help(platform: Platform, place_order: PlaceOrder) -> None:
    owner = await make_holder(platform, "shop.example.com")
    stranger = await make_holder(platform)
    agent_id = await _agent(platform, owner)
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(stranger)
    assert refusal.value.code == "DOMAIN_NOT_ADDED"
    await add_domains(platform, stranger.account_id, ["shop.example.com"])
    with pytest.raises(NotFound):
        await place_order(stranger, agent_id=agent_id)
    assert (await place_order(owner, agent_id=agent_id)).agent_id == agent_id


async def test_an_agent_orders_for_itself_alone(platform: Platform, holder: Holder, place_order: PlaceOrder) -> None:
    first, second = await _agent(platform, holder), await _agent(platform, holder)
    acting = replace(holder, viewer=replace(holder.viewer, agent_id=first))
    with pytest.raises(NotFound):
        await place_order(acting, agent_id=second)
    assert (await place_order(acting)).agent_id == first


async def _agent(platform: Platform, holder: Holder) -> AgentId:
    agent_id = AgentId(new_id(platform.clock))
    facts = dict.fromkeys(("label", "host_name", "operating_system", "agent_version"), "x")
    values = {"id": agent_id, "account_id": holder.account_id, "created_at": platform.clock.now(), **facts}
    async with platform.sessions.write() as session:
        await session.execute(insert(AgentRow).values(values))
    return agent_id


async def test_nobody_without_an_account_orders(platform: Platform, holder: Holder, place_order: PlaceOrder) -> None:
    before = await _rows(platform)
    with pytest.raises(AccessDenied):
        await place_order(replace(holder, viewer=anonymous(Origin())))
    assert await _rows(platform) == before


async def test_the_platforms_own_key_gets_no_certificate(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    csr = make_csr(["shop.example.com"], key=leaf_key("account"))
    row = await place_order(holder, csr=csr)
    values = {
        "id": new_id(platform.clock), "authority": "A", "directory_url": "https://a.example/", "sealed_key": b"",
        "public_key_sha256": row.csr_key_sha256, "key_epoch": 1, "created_at": platform.clock.now(),
    }  # fmt: skip
    async with platform.sessions.write() as session:
        await session.execute(insert(CaAccountRow).values(values))
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(holder, csr=csr, idempotency_key="key-2")
    assert refusal.value.code == "CSR_REFUSED"


@pytest.mark.clause("4.1-c")
async def test_the_authoritys_notice_is_acknowledged_once_in_each_version(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    async with platform.sessions.read() as session:
        first = await order_notices(session, holder.account_id, ["shop.example.com"], LETS_ENCRYPT)
    assert not first.certificate_authority.acknowledged
    await place_order(holder)
    await place_order(holder, idempotency_key="key-2", ca_notice_acknowledged=False)
    await place_order(holder, idempotency_key="key-3")
    async with platform.sessions.read() as session:
        rows = (await session.execute(select(AcknowledgementRow.kind))).scalars().all()
        later = await order_notices(session, holder.account_id, [], LETS_ENCRYPT)
    assert sorted(rows) == ["certificate_authority", *["certificate_transparency"] * 3]
    assert later.certificate_authority.acknowledged
    changed = OrderRules(replace(LETS_ENCRYPT, policy_url="https://letsencrypt.org/new"), open_orders=9)
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(holder, idempotency_key="key-4", ca_notice_acknowledged=False, rules=changed)
    assert refusal.value.code == "CA_NOTICE_NOT_ACKNOWLEDGED"


async def test_open_orders_are_bounded(platform: Platform, holder: Holder, place_order: PlaceOrder) -> None:
    rows = [await place_order(holder, idempotency_key=f"key-{number}") for number in range(RULES.open_orders)]
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(holder, idempotency_key="one more")
    assert refusal.value.code == "TOO_MANY_OPEN_ORDERS"
    async with platform.sessions.write() as session:
        await session.execute(update(OrderRow).where(OrderRow.id == rows[0].id).values(ended_at=platform.clock.now()))
    await place_order(holder, idempotency_key="one more")


async def test_the_same_request_under_the_same_key_is_the_same_order(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    first = await place_order(holder)
    before = await _rows(platform)
    again = await place_order(holder, csr="\n" + CSR.replace("\n", "\r\n"))
    assert again.id == first.id
    assert await _rows(platform) == before
    with pytest.raises(CertificateManagerError) as refusal:
        await place_order(holder, csr=make_csr(["shop.example.com"]))
    assert refusal.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert await _rows(platform) == before


async def test_a_key_is_free_again_after_a_day_and_for_everybody_else(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    first = await place_order(holder)
    other = await make_holder(platform, "shop.example.com")
    assert (await place_order(other)).id != first.id
    platform.clock.advance(timedelta(hours=25))
    later = await place_order(holder, csr=make_csr(["shop.example.com"]))
    assert later.id != first.id


async def test_a_refused_request_leaves_its_key_free(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    with pytest.raises(CertificateManagerError):
        await place_order(holder, ct_acknowledged=False)
    assert (await place_order(holder)).state == "REQUESTED"


async def test_of_requests_that_race_one_orders(fresh_platform: Platform, place_order: PlaceOrder) -> None:
    holder = await make_holder(fresh_platform, "shop.example.com")
    rows = await asyncio.gather(*(place_order(holder, on=fresh_platform) for _ in range(8)))
    assert len({row.id for row in rows}) == 1
    async with fresh_platform.sessions.read() as session:
        assert (await session.execute(select(func.count()).select_from(OrderRow))).scalar_one() == 1
        assert (await session.execute(select(func.count()).select_from(IdempotencyKeyRow))).scalar_one() == 1


async def test_orders_that_race_stay_within_the_limit(fresh_platform: Platform, place_order: PlaceOrder) -> None:
    holder = await make_holder(fresh_platform, "shop.example.com")
    attempts = (place_order(holder, on=fresh_platform, idempotency_key=f"key-{number}") for number in range(8))
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    refused = [each.code for each in outcomes if isinstance(each, CertificateManagerError)]
    assert refused == ["TOO_MANY_OPEN_ORDERS"] * (8 - RULES.open_orders)


async def test_confirming_starts_validation_once(platform: Platform, holder: Holder, place_order: PlaceOrder) -> None:
    row = await place_order(holder)
    with pytest.raises(OrderNotPending):
        await _confirm(platform, holder, row.id)
    await _set(platform, row.id, phase="awaiting_placement", state="PENDING", next_action_at=None)
    first = await _confirm(platform, holder, row.id)
    placed_at = first.placed_at
    assert (first.state, first.next_action_at) == ("VALIDATING", platform.clock.now())
    platform.clock.advance(timedelta(seconds=5))
    assert (await _confirm(platform, holder, row.id)).placed_at == placed_at
    async with platform.sessions.read() as session:
        operations = [header["operation"]["name"] for header in await _headers(session)]
    assert operations.count("confirmChallenges") == 1
    await _set(platform, row.id, phase="valid", state="VALID", ended_at=platform.clock.now())
    with pytest.raises(OrderNotPending, match="ended"):
        await _confirm(platform, holder, row.id)


async def test_somebody_elses_order_cannot_be_told_from_a_missing_one(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    row = await place_order(holder)
    stranger = await make_holder(platform)
    answers = []
    for order_id in (row.id, OrderId(new_id(platform.clock))):
        with pytest.raises(NotFound) as refusal:
            await _confirm(platform, stranger, order_id)
        answers.append((refusal.value.code, refusal.value.message, refusal.value.field))
    assert answers[0] == answers[1]


async def _confirm(platform: Platform, holder: Holder, order_id: OrderId) -> OrderRow:
    async with platform.works.open(holder.viewer) as work:
        return await confirm_challenges(work, order_id)


async def _set(platform: Platform, order_id: OrderId, **values: Any) -> None:
    async with platform.sessions.write() as session:
        await session.execute(update(OrderRow).where(OrderRow.id == order_id).values(values))


async def test_an_address_nobody_confirmed_orders_nothing(
    platform: Platform, holder: Holder, place_order: PlaceOrder
) -> None:
    async with platform.sessions.write() as session:
        unconfirmed = update(AccountRow).where(AccountRow.id == holder.account_id).values(email_verified_at=None)
        await session.execute(unconfirmed)
    before = await _rows(platform)
    with pytest.raises(AccessDenied) as refusal:
        await place_order(holder)
    assert refusal.value.code == "EMAIL_NOT_VERIFIED"
    assert await _rows(platform) == before


@pytest.mark.parametrize("scopes", [frozenset(), frozenset({"certificates:read", "domains"})])
async def test_a_token_without_the_scope_orders_nothing(
    platform: Platform, holder: Holder, place_order: PlaceOrder, scopes: frozenset[str]
) -> None:
    before = await _rows(platform)
    limited = replace(holder, viewer=replace(holder.viewer, grants=Grants(scopes)))
    with pytest.raises(AccessDenied) as refusal:
        await place_order(limited)
    assert refusal.value.missing == ("certificates:order",)
    assert await _rows(platform) == before
