"""Orders in the database: an exact round trip under the claim, and nothing for whoever lost it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from api.certificates.ca_accounts import CaAccounts, is_account_key
from api.certificates.store import ClaimLost, HeldOrder, load_order, save_order
from api.issuance.account_key import CaAccountKey
from api.issuance.authority import LETS_ENCRYPT, CaAccount
from api.issuance.errors import CaUnreachable
from api.issuance.order import Authorization, Order, Phase
from api.models import CaAccountRow, OrderId, OrderRow
from governance.keys import KeyEncryptionKeys
from tests.factories.orders import make_holder
from tests.integration.certificates.conftest import PlaceOrder
from tests.integration.conftest import Platform
from tests.unit.certificates.test_mapping import THUMBPRINT, Draw

URL = "https://ca.example/order/1"


async def _held(platform: Platform, place_order: PlaceOrder) -> HeldOrder:
    row = await place_order(await make_holder(platform, "shop.example.com"))
    async with platform.sessions.read() as session:
        held = await load_order(session, OrderId(row.id), 0)
    assert held is not None
    return held


async def _save(platform: Platform, held: HeldOrder, order: Order, **more: Any) -> HeldOrder:
    async with platform.sessions.write() as session:
        return await save_order(
            session, held, order, account_thumbprint=THUMBPRINT, hold_until=more.pop("hold_until", None), **more
        )


async def test_any_order_is_read_as_it_was_saved_whatever_was_there_before(
    platform: Platform, place_order: PlaceOrder
) -> None:
    held = await _held(platform, place_order)
    for seed in range(60):
        drawn = Draw(seed).order()
        order = replace(held.order, **{name: getattr(drawn, name) for name in _CHANGING}, url=URL)
        held = await _save(platform, held, order)
        async with platform.sessions.read() as session:
            read = await load_order(session, held.id, 0)
        assert read is not None
        assert read.order == order


_CHANGING = (
    "phase", "next_action_at", "phase_since", "expires_at", "finalize_url", "certificate_url", "authorizations",
    "attempts", "polls", "setback", "problem", "replaces",
)  # fmt: skip


async def test_whoever_lost_the_claim_stores_nothing(platform: Platform, place_order: PlaceOrder) -> None:
    held = await _held(platform, place_order)
    async with platform.sessions.write() as session:
        await session.execute(update(OrderRow).where(OrderRow.id == held.id).values(generation=1))
    late = replace(held.order, phase=Phase.COLLECTING, url=URL, authorizations=(Authorization("https://ca.example/a"),))
    with pytest.raises(ClaimLost):
        await _save(platform, held, late)
    async with platform.sessions.read() as session:
        assert await load_order(session, held.id, 0) is None
        now = await load_order(session, held.id, 1)
    assert now is not None
    assert now.order == held.order


async def test_a_held_order_is_not_due_and_a_released_one_is_when_it_says(
    platform: Platform, place_order: PlaceOrder
) -> None:
    held = await _held(platform, place_order)
    now, later = platform.clock.now(), platform.clock.now() + timedelta(minutes=5)
    await _save(platform, held, replace(held.order, polls=1), hold_until=later)
    assert await _due(platform, held) == (later, now)
    again = now + timedelta(seconds=3)
    await _save(platform, held, replace(held.order, polls=1, next_action_at=again))
    assert await _due(platform, held) == (again, again)


async def _due(platform: Platform, held: HeldOrder) -> tuple[Any, Any]:
    async with platform.sessions.read() as session:
        found = select(OrderRow.next_action_at, OrderRow.resume_at).where(OrderRow.id == held.id)
        return tuple((await session.execute(found)).one())


class _Authority:
    """An authority that loses its first answer after it opened the account."""

    description = LETS_ENCRYPT

    def __init__(self) -> None:
        self.accounts: dict[str, str] = {}
        self.calls: list[str] = []

    async def register(self, account_key: CaAccountKey, *, terms_agreed: bool) -> CaAccount:
        self.calls.append("register")
        self.accounts[account_key.thumbprint] = "https://ca.example/acct/1"
        raise CaUnreachable("lost")

    async def find_account(self, account_key: CaAccountKey) -> CaAccount | None:
        self.calls.append("find")
        url = self.accounts.get(account_key.thumbprint)
        return CaAccount(url, account_key) if url else None


async def test_an_account_whose_answer_was_lost_is_found_by_the_key_that_was_stored_first(
    fresh_platform: Platform, wrapping: KeyEncryptionKeys
) -> None:
    authority: Any = _Authority()
    first = CaAccounts(fresh_platform.sessions, wrapping, fresh_platform.clock)
    with pytest.raises(CaUnreachable):
        await first.account_at(authority)
    found = await CaAccounts(fresh_platform.sessions, wrapping, fresh_platform.clock).account_at(authority)
    again = await CaAccounts(fresh_platform.sessions, wrapping, fresh_platform.clock).account_at(authority)
    assert authority.calls == ["register", "find"]
    assert found.account.url == again.account.url == "https://ca.example/acct/1"
    assert found.account.account_key.thumbprint == again.account.account_key.thumbprint in authority.accounts
    async with fresh_platform.sessions.read() as session:
        row = (await session.execute(select(CaAccountRow))).scalar_one()
        assert await is_account_key(session, row.public_key_sha256)
    assert b"PRIVATE KEY" not in row.sealed_key
