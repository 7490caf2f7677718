"""How many messages a client may send on one connection: a store that refills with time."""

from __future__ import annotations

from api.http.live_limits import LiveLimits
from governance.clock import Clock


class MessageRate:
    """The store of one connection."""

    def __init__(self, limits: LiveLimits, clock: Clock) -> None:
        self._most = float(limits.messages_at_once)
        self._refill = limits.messages_a_second
        self._clock = clock
        self._left = self._most
        self._at = clock.now()

    def allows(self) -> bool:
        """Take one message from the store; tell whether there was one. A clock set back refills nothing."""
        now = self._clock.now()
        passed = max((now - self._at).total_seconds(), 0.0)
        self._at = now
        self._left = min(self._left + passed * self._refill, self._most)
        if self._left < 1:
            return False
        self._left -= 1
        return True
