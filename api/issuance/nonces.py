"""Anti-replay nonces (RFC 8555 section 6.5).

The rule: each is used once; the newest first, since authorities forget the oldest; old ones are thrown away.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime, timedelta
from typing import Final

LIFETIME: Final = timedelta(minutes=5)
CAPACITY: Final = 64

_NONCE = re.compile(r"[A-Za-z0-9_-]{1,512}\Z")


class NoncePool:
    """Nonces that answers brought along. For one event loop; nothing in it waits."""

    def __init__(self) -> None:
        self._nonces: deque[tuple[str, datetime]] = deque(maxlen=CAPACITY)

    def keep(self, nonce: str | None, now: datetime) -> str | None:
        """Store a nonce and return it; drop what is none (section 6.5.1)."""
        if nonce is None or not _NONCE.match(nonce):
            return None
        self._nonces.append((nonce, now))
        return nonce

    def take(self, now: datetime) -> str | None:
        """Return the newest nonce, None when all are used or too old."""
        if not self._nonces:
            return None
        nonce, kept_at = self._nonces.pop()
        if now - kept_at > LIFETIME:
            self._nonces.clear()
            return None
        return nonce
