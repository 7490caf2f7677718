"""Read documents from a folder: `*.graphql`, one a file, and maps from hash to text, as build tools write them.

The rule: a key of a map must be the SHA-256 of its text. Whatever cannot be read is refused by name, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from api.documents.errors import DocumentsRefused
from api.execution.trusted import SHA256, document_id


class _Wrong(Exception):
    """What is wrong with a file."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document, and the name of the place it was found at."""

    name: str
    text: str


def read_folder(folder: Path) -> tuple[Found, ...]:
    """Return every document below the folder, each text once; raises `DocumentsRefused`."""
    if not folder.is_dir():
        raise DocumentsRefused([f"{folder}: there is no such folder."])
    problems: list[str] = []
    found: dict[str, Found] = {}
    for path in sorted([*folder.rglob("*.graphql"), *folder.rglob("*.json")]):
        name = str(path.relative_to(folder))
        try:
            for one in _documents(name, path.read_bytes()):
                found.setdefault(document_id(one.text), one)
        except _Wrong as error:
            problems.append(f"{name}: {error}")
        except (OSError, ValueError) as error:
            problems.append(f"{name}: cannot be read ({type(error).__name__}).")
    if problems:
        raise DocumentsRefused(problems)
    return tuple(found.values())


def _documents(name: str, content: bytes) -> Iterator[Found]:
    if name.endswith(".graphql"):
        yield Found(name, content.decode("utf-8"))
        return
    listed: Any = msgspec.json.decode(content)
    if not isinstance(listed, dict):
        raise _Wrong("is not a map from hashes to documents.")
    for key, text in listed.items():
        if not isinstance(text, str) or key.removeprefix(SHA256) != document_id(text).removeprefix(SHA256):
            raise _Wrong(f"{key[:80]} is not the SHA-256 of its text; choose sha256 where the file is made.")
        yield Found(f"{name}#{key.removeprefix(SHA256)[:12]}", text)
