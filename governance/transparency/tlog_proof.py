"""One event's proof as a file (C2SP tlog-proof): index, inclusion path and signed checkpoint, verifiable offline."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from governance.transparency.checkpoints import Checkpoint, open_checkpoint
from governance.transparency.errors import ProofRefused
from governance.transparency.hashing import HASH_OCTETS
from governance.transparency.notes import VerifierKey
from governance.transparency.proofs import verify_inclusion

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_HEIGHT_LIMIT: Final = 64


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Where a leaf stands, what leads from it to the root, and the signed checkpoint of that root."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def __str__(self) -> str:
        """Return the file."""
        hashes = "".join(base64.b64encode(digest).decode() + "\n" for digest in self.path)
        return f"{_HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> TlogProof:
        """Read the file; data after `extra` is passed over, because nothing vouches for it. Raises `ProofRefused`."""
        head, _, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if len(lines) > 1 and lines[1].startswith("extra "):
            del lines[1]
        if lines[0] != _HEADER or len(lines) < len((_HEADER, "index")) or not lines[1].startswith("index "):
            raise ProofRefused("A proof does not begin as a tlog-proof of version 1.")
        index = lines[1].removeprefix("index ")
        if not index.isascii() or not index.isdigit() or index != str(int(index)) or len(lines) > _HEIGHT_LIMIT + 2:
            raise ProofRefused("A proof has an index or a path in a wrong form.")
        return cls(int(index), tuple(_digest(line) for line in lines[2:]), checkpoint)

    def verify(self, leaf: bytes, known: Collection[VerifierKey]) -> Checkpoint:
        """Check that the hash `leaf` is in the log; return the checkpoint that says so. Raises `ProofRefused`."""
        checkpoint = open_checkpoint(self.checkpoint, known)
        verify_inclusion(self.index, checkpoint.size, leaf, self.path, checkpoint.root)
        return checkpoint


def _digest(line: str) -> bytes:
    try:
        digest = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != HASH_OCTETS:
        raise ProofRefused("A proof holds a line that is no hash.")
    return digest
