"""Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log, as the text of a signed note."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from governance.transparency.errors import ProofRefused
from governance.transparency.hashing import HASH_OCTETS
from governance.transparency.notes import SignerKey, VerifierKey, open_note, sign_note

_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: how many leaves it has, and their root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, *signers: SignerKey) -> str:
        """Return the checkpoint as a signed note."""
        return sign_note(self.text, *signers)


def open_checkpoint(note: str, known: Collection[VerifierKey]) -> Checkpoint:
    """Return what a note signed by a known key says. Raises `ProofRefused`."""
    text, _ = open_note(note, known)
    return parse_checkpoint(text)


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint whose signature was verified elsewhere. Raises `ProofRefused`."""
    lines = text.splitlines()
    if len(lines) < _LINES or not lines[0]:
        raise ProofRefused("A checkpoint has fewer lines than origin, size and root.")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        root = b""
    size = lines[1]
    if not size.isascii() or not size.isdigit() or size != str(int(size)) or len(root) != HASH_OCTETS:
        raise ProofRefused("A checkpoint has a size or a root in a wrong form.")
    return Checkpoint(lines[0], int(size), root)
