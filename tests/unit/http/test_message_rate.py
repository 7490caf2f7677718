from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.http.live_limits import LiveLimits
from api.http.message_rate import MessageRate
from governance.clock import ManualClock


def test_a_store_refills_with_time() -> None:
    clock = ManualClock(datetime(2026, 11, 27, tzinfo=UTC))
    rate = MessageRate(LiveLimits(messages_at_once=3, messages_a_second=2.0), clock)
    assert [rate.allows() for _ in range(4)] == [True, True, True, False]
    clock.advance(timedelta(seconds=1))
    assert [rate.allows() for _ in range(3)] == [True, True, False]
    clock.advance(timedelta(hours=1))
    assert [rate.allows() for _ in range(4)] == [True, True, True, False]
    clock.advance(timedelta(hours=-1))
    assert not rate.allows()
