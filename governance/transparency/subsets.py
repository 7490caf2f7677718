"""One proof for many leaves: the roots of the gaps between them, from left to right.

Leaves and gaps together are the whole tree, so the root can be rebuilt in one pass and in constant memory; for a whole
log the proof is empty. The format is ours; each hash in it is a node of the RFC 9162 tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from governance.transparency.errors import ProofRefused
from governance.transparency.hashing import Block, RootBuilder, blocks


def gap_blocks(indices: Iterable[int], size: int) -> Iterator[Block]:
    """Yield the blocks whose hashes prove the leaves `indices`, which must rise, in a tree of `size`."""
    position = 0
    for index in indices:
        if index < position:
            raise ValueError("indices must rise, and each may stand once")
        yield from blocks(position, index)
        position = index + 1
    if position > size:
        raise ValueError(f"a tree of {size} leaves has no leaf {position - 1}")
    yield from blocks(position, size)


class SubsetVerifier:
    """Rebuilds the root from leaf hashes as they come and the hashes of the gaps. All of it raises `ProofRefused`."""

    def __init__(self, size: int, gaps: Iterator[bytes]) -> None:
        self._size = size
        self._gaps = gaps
        self._builder = RootBuilder()

    def add_run(self, index: int, hashes: list[bytes]) -> None:
        """Add leaves that follow one another, the first of which stands at `index`."""
        if index < self._builder.size:
            raise ProofRefused(f"Event {index} stands where a later one should: it is repeated or out of its place.")
        if index + len(hashes) > self._size:
            raise ProofRefused(f"Event {index + len(hashes) - 1} is beyond the {self._size} events of the checkpoint.")
        self._fill(index)
        self._builder.add_leaves(hashes)

    def finish(self, root: bytes) -> None:
        """Check that everything together is the tree of this root, with no hash left over."""
        self._fill(self._size)
        if next(self._gaps, None) is not None:
            raise ProofRefused("The proof holds more hashes than it should.")
        if self._builder.root != root:
            raise ProofRefused("The events do not lead to the root of the checkpoint.")

    def _fill(self, end: int) -> None:
        for block in blocks(self._builder.size, end):
            digest = next(self._gaps, None)
            if digest is None:
                raise ProofRefused("The proof holds fewer hashes than it should: events are missing, or the proof is.")
            self._builder.add(block.height, digest)
