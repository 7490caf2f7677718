"""What is bounded on connections that stay open; `docs/limits.md` repeats each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MESSAGE_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The limits of one process. Sockets and event streams share `connections` and `of_a_caller`."""

    connections: int = 1000
    of_a_caller: int = 20
    waiting_at_an_address: int = 20
    """Sockets that were opened from one address and have not said yet who they are."""
    operations: int = 100
    """Operations at once on one socket."""
    message_bytes: int = MESSAGE_BYTES
    messages_at_once: int = 200
    messages_a_second: float = 20.0
    init_seconds: float = 10.0
    viewer_seconds: float = 10.0
    send_seconds: float = 20.0
    """How long a message may wait for a client that does not read."""
    comment_seconds: float = 15.0
    """How often an event stream says that it is alive."""
