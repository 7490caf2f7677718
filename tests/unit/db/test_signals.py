"""Wake-ups: for whoever follows the row and nobody else, bounded, and one for many."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from api.db.signals import PENDING, Signals, Wake

ACCOUNT, OTHER = UUID(int=1), UUID(int=2)


def notice(row: int, *, kind: str = "order", account: UUID = ACCOUNT) -> str:
    return json.dumps({"kind": kind, "id": str(UUID(int=row)), "account_id": str(account)})


async def test_only_what_is_followed_wakes() -> None:
    signals = Signals()
    with (
        signals.following("order", ACCOUNT, UUID(int=7)) as one,
        signals.following("order", ACCOUNT) as every,
        signals.following("order", OTHER) as foreign,
    ):
        signals.hear(notice(7))
        signals.hear(notice(7))
        signals.hear(notice(8))
        signals.hear(notice(9, kind="certificate"))
        assert await one.wake() == Wake((UUID(int=7),), missed=False)
        assert await every.wake() == Wake((UUID(int=7), UUID(int=8)), missed=False)
        signals.look_again()
        assert await foreign.wake() == Wake((), missed=True)
        assert signals.count == 3
    assert signals.count == 0


async def test_whoever_does_not_read_holds_little() -> None:
    signals = Signals()
    with signals.following("order", ACCOUNT) as slow:
        for row in range(10 * PENDING):
            signals.hear(notice(row))
        wake = await slow.wake()
    assert wake.missed
    assert len(wake.ids) <= PENDING


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"kind":"order","id":"x","account_id":"y"}', "\x00"])
def test_other_notices_are_dropped(payload: str) -> None:
    Signals().hear(payload)
