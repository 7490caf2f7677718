"""Small JSON files of the agent's own: read with their types checked, written whole.

One rule: a file that is not what the agent writes stops the agent; nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sslm_agent.durable import write_file
from sslm_agent.errors import HomeUnsafe

_LARGEST_FILE = 1_000_000


def store(path: Path, values: Mapping[str, object]) -> None:
    """Replace the file whole."""
    write_file(path, (json.dumps(values, indent=2, sort_keys=True) + "\n").encode())


class Stored:
    """The values of one file, asked for by name and type."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise self._damaged("it is too large")
            values = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(type(error).__name__) from error
        if not isinstance(values, dict):
            raise self._damaged("it holds no object")
        self._values: dict[str, object] = values

    def text(self, name: str) -> str:
        """Return a string that must be there."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise self._damaged(name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None where none was stored."""
        return None if self._values.get(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        """Return a truth value that must be there."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise self._damaged(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings that must be there."""
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._damaged(name)
        return tuple(value)

    def mapping(self, name: str) -> dict[str, object]:
        """Return an object that must be there."""
        value = self._values.get(name)
        if not isinstance(value, dict):
            raise self._damaged(name)
        return value

    def _damaged(self, what: str) -> HomeUnsafe:
        return HomeUnsafe(
            f"{self._path} is not as the agent wrote it ({what}). Nothing was done. "
            "Restore it from your backup, or remove it and repeat the step that makes it."
        )
