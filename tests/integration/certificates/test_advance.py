"""The driver without an authority: nothing is lost, the holder sees why, and the end is told of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from api.certificates.advance import OrderAdvancer
from api.certificates.authorities import Authorities
from api.certificates.ca_accounts import CaAccounts
from api.issuance.acme import AcmeAuthority
from api.issuance.authority import CaDescription
from api.models import DeliveryRow, OrderId, OrderRow
from governance.keys import KeyEncryptionKeys
from tests.factories.orders import Holder, make_holder
from tests.integration.certificates.conftest import RULES, PlaceOrder
from tests.integration.conftest import Platform

NOWHERE = CaDescription(RULES.authority.name, "http://127.0.0.1:9/dir", timeout_seconds=2.0)


@pytest.fixture
async def advancer(fresh_platform: Platform, wrapping: KeyEncryptionKeys) -> AsyncIterator[OrderAdvancer]:
    accounts = CaAccounts(fresh_platform.sessions, wrapping, fresh_platform.clock)
    authorities = Authorities(AcmeAuthority(NOWHERE, fresh_platform.clock))
    yield OrderAdvancer(fresh_platform.works, authorities, accounts)
    await authorities.close()


async def _claim(platform: Platform, order_id: OrderId) -> int:
    claim = update(OrderRow).where(OrderRow.id == order_id).values(generation=OrderRow.generation + 1)
    async with platform.sessions.write() as session:
        return (await session.execute(claim.returning(OrderRow.generation))).scalar_one()


async def _read(platform: Platform, order_id: OrderId) -> OrderRow:
    async with platform.sessions.read() as session:
        return (await session.execute(select(OrderRow).where(OrderRow.id == order_id))).scalar_one()


async def _order(platform: Platform, place_order: PlaceOrder) -> tuple[Holder, OrderId]:
    holder = await make_holder(platform, "shop.example.com")
    return holder, (await place_order(holder, on=platform)).id


async def test_an_authority_that_does_not_answer_is_asked_again_later_and_given_up_at_last(
    fresh_platform: Platform, advancer: OrderAdvancer, place_order: PlaceOrder
) -> None:
    holder, order_id = await _order(fresh_platform, place_order)
    await advancer.advance(order_id, await _claim(fresh_platform, order_id))
    row = await _read(fresh_platform, order_id)
    assert (row.state, row.attempts) == ("REQUESTED", 1)
    assert row.next_action_at == row.resume_at > fresh_platform.clock.now()
    assert row.problem is not None
    assert row.problem["type"].endswith("unreachable")
    while row.ended_at is None:
        fresh_platform.clock.advance(timedelta(hours=1))
        await advancer.advance(order_id, await _claim(fresh_platform, order_id))
        row = await _read(fresh_platform, order_id)
    assert (row.state, row.next_action_at, row.certificate_id) == ("INVALID", None, None)
    async with fresh_platform.sessions.read() as session:
        mine = select(DeliveryRow.template).where(DeliveryRow.data_subject_id == holder.person.id)
        assert (await session.execute(mine)).scalars().all() == ["order_failed"]


async def test_a_claim_that_was_lost_changes_nothing(
    fresh_platform: Platform, advancer: OrderAdvancer, place_order: PlaceOrder
) -> None:
    _, order_id = await _order(fresh_platform, place_order)
    await _claim(fresh_platform, order_id)
    await advancer.advance(order_id, 0)
    await advancer.advance(UUID(int=1), 1)
    row = await _read(fresh_platform, order_id)
    assert (row.attempts, row.problem, row.generation) == (0, None, 1)


async def test_an_order_for_an_authority_that_is_configured_no_more_waits(
    fresh_platform: Platform, wrapping: KeyEncryptionKeys, place_order: PlaceOrder
) -> None:
    _, order_id = await _order(fresh_platform, place_order)
    accounts = CaAccounts(fresh_platform.sessions, wrapping, fresh_platform.clock)
    other = CaDescription("Another", "http://127.0.0.1:9/dir")
    authorities = Authorities(AcmeAuthority(other, fresh_platform.clock))
    advancer = OrderAdvancer(fresh_platform.works, authorities, accounts)
    await advancer.advance(order_id, await _claim(fresh_platform, order_id))
    await authorities.close()
    row = await _read(fresh_platform, order_id)
    assert (row.state, row.ended_at) == ("REQUESTED", None)
