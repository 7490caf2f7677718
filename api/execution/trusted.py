"""Trusted documents: texts by their id. Pure; whoever loads them checks them first.

The rule: an id is the SHA-256 of the exact text, so nobody can put one document in the place of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

SHA256: Final = "sha256:"


def document_id(text: str) -> str:
    """Return the id of a document."""
    return SHA256 + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class TrustedDocuments:
    """The documents of one process. They are only ever added to: an id means the same text for ever."""

    def __init__(self, *texts: str) -> None:
        self._texts = {document_id(text): text for text in texts}

    def __len__(self) -> int:
        return len(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def text_of(self, wanted: str) -> str | None:
        """Return the text of a document, or None where it is not a trusted one."""
        return self._texts.get(wanted)

    def holds(self, text: str) -> bool:
        """Tell whether a text that was sent whole is a trusted one."""
        return document_id(text) in self._texts

    def add(self, text: str) -> str:
        """Take a checked text in; return its id."""
        named = document_id(text)
        self._texts[named] = text
        return named
