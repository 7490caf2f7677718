"""How many connections may stay open at once, counted by whose they are.

The rule: whoever takes a place leaves it in the same `with`, so a count never drifts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from api.http.errors import RequestRefused


class TooManyConnections(RequestRefused):
    """No more connections that stay open: for this caller (429), or in this process (503)."""

    code = "TOO_MANY_CONNECTIONS"

    def __init__(self, status: int) -> None:
        super().__init__(
            "Too many connections for events are open, so this one was not. Close one that is not needed, let one "
            "connection carry several operations, or try again in a minute.",
            headers=(("retry-after", "60"),),
        )
        self.status = status


class Places:
    """Places by owner; `status` is what an HTTP request is answered when there is none."""

    def __init__(self, limit: int, status: int = 429) -> None:
        self._limit = limit
        self._status = status
        self._taken: Counter[Hashable] = Counter()

    @contextmanager
    def taken(self, owner: Hashable) -> Iterator[None]:
        """Hold a place while the block runs; raise `TooManyConnections` if the owner has none left."""
        if self._taken[owner] >= self._limit:
            raise TooManyConnections(self._status)
        self._taken[owner] += 1
        try:
            yield
        finally:
            self._taken[owner] -= 1
            if not self._taken[owner]:
                del self._taken[owner]

    def shut(self) -> None:
        """Give no more places; those that are held stay until they are left."""
        self._limit = 0

    def count(self, owner: Hashable) -> int:
        """Return how many places the owner holds."""
        return self._taken[owner]
