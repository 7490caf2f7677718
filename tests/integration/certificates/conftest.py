from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.certificates.orders import CertificateOrder, OrderRules, order_certificate
from api.issuance.authority import LETS_ENCRYPT
from api.issuance.order import ChallengeType
from api.models import OrderRow
from tests.factories.orders import Holder, make_csr
from tests.integration.conftest import Platform

RULES = OrderRules(LETS_ENCRYPT, open_orders=3)
CSR = make_csr(["shop.example.com"])
PlaceOrder = Callable[..., Awaitable[OrderRow]]


def wanted(**changed: Any) -> CertificateOrder:
    values: dict[str, Any] = {
        "csr": CSR,
        "challenge_type": ChallengeType.HTTP_01,
        "ct_acknowledged": True,
        "idempotency_key": "key-1",
        "ca_notice_acknowledged": True,
    }
    return CertificateOrder(**(values | changed))


@pytest.fixture
def place_order(platform: Platform) -> PlaceOrder:
    async def place(holder: Holder, *, rules: OrderRules = RULES, on: Platform = platform, **changed: Any) -> OrderRow:
        async with on.works.open(holder.viewer) as work:
            return await order_certificate(work, wanted(**changed), rules)

    return place
