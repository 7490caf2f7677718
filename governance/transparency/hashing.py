"""Leaf and node hashes (RFC 9162 section 2.1.1), and roots from subtrees that come from left to right.

A *block* is a complete subtree: `height` says that it has 2**height leaves, and it starts at a multiple of that. Every
block within a tree is a node of it, so any range of leaves is a few blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

HASH_OCTETS: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


class Block(NamedTuple):
    """The `number`-th complete subtree of its `height`, counted from the left: leaves number * 2**height and on."""

    height: int
    number: int


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf that holds `data`."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(_NODE + left + right).digest()


def split_at(size: int) -> int:
    """Return how many leaves the left subtree of a tree of `size` (at least 2) has: the largest power of two below."""
    return 1 << (size - 1).bit_length() - 1


def blocks(start: int, end: int) -> Iterator[Block]:
    """Yield the largest blocks that make up the leaves from `start` up to and without `end`, from the left."""
    while start < end:
        room = (end - start).bit_length() - 1
        height = min((start & -start).bit_length() - 1, room) if start else room
        yield Block(height, start >> height)
        start += 1 << height


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees that shrink from left to right; of none, the root of the empty tree."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root


def level_above(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the parents of an even number of neighbours."""
    pairs = iter(hashes)
    return [sha256(_NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


def block_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of equal neighbours."""
    level = list(hashes)
    while len(level) > 1:
        level = level_above(level)
    return level[0]


class RootBuilder:
    """Rebuilds the root of a tree from its blocks, given from left to right. Holds a hash for each height at most."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, height: int, digest: bytes) -> None:
        """Add the next block. Raises `ValueError` for one that cannot stand here."""
        if self.size & ((1 << height) - 1):
            raise ValueError(f"a block of height {height} cannot start at leaf {self.size}")
        self.size += 1 << height
        peaks = self._peaks
        while peaks and peaks[-1][0] == height:
            digest = sha256(_NODE + peaks.pop()[1] + digest).digest()
            height += 1
        peaks.append((height, digest))

    def add_leaves(self, hashes: Sequence[bytes]) -> None:
        """Add leaf hashes that follow one another; the more at once, the faster."""
        at = 0
        for height, _ in blocks(self.size, self.size + len(hashes)):
            width = 1 << height
            self.add(height, block_root(hashes[at : at + width]))
            at += width

    @property
    def root(self) -> bytes:
        """Return the root over what was added so far."""
        return fold([digest for _, digest in self._peaks])


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a tree over these contents; for a few, in tests and tools."""
    builder = RootBuilder()
    builder.add_leaves([leaf_hash(data) for data in leaves])
    return builder.root
