"""How the agent tells what it is doing: lines for a reader, with or without a terminal."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives steps as they happen."""

    def step(self, text: str) -> None:
        """Tell one step on a line of its own."""
        ...

    def waiting(self, text: str) -> None:
        """Tell what is waited for; repeated with the same text it says nothing new."""
        ...


class Silence:
    """For callers who want no progress."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def waiting(self, text: str) -> None:
        """Say nothing."""
