"""Inclusion and consistency: which ranges a proof is made of, and the verification that RFC 9162 prescribes.

A proof is a list of roots of ranges of leaves. Whoever holds the tree finds the ranges here and hashes them; whoever
verifies needs the hashes alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from governance.transparency.errors import ProofRefused
from governance.transparency.hashing import EMPTY_ROOT, node_hash, split_at


class Range(NamedTuple):
    """The leaves from `start` up to and without `end`; always a subtree of the tree it was asked of."""

    start: int
    end: int


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the subtrees whose roots prove leaf `index` in a tree of `size`, leaf first (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split_at(end - start)
        if index < middle:
            ranges.append(Range(middle, end))
            end = middle
        else:
            ranges.append(Range(start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old: int, new: int) -> list[Range]:
    """Return the subtrees whose roots prove that a tree of `new` leaves began with `old` (RFC 9162, 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError(f"consistency is proved from at least one leaf on, and not from {old} to {new}")
    ranges: list[Range] = []
    start, end, whole = 0, new, True
    while start + old != end:
        middle = start + split_at(end - start)
        if start + old <= middle:
            ranges.append(Range(middle, end))
            end = middle
        else:
            ranges.append(Range(start, middle))
            old -= middle - start
            start, whole = middle, False
    if not whole:
        ranges.append(Range(start, end))
    ranges.reverse()
    return ranges


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Check that the hash `leaf` stands at `index` (RFC 9162, 2.1.3.2). Raises `ProofRefused`."""
    if not 0 <= index < size:
        raise ProofRefused(f"There is no leaf {index} in a tree of {size}.")
    digest = leaf
    for sibling, is_left in _steps(index, size - 1, path):
        digest = node_hash(sibling, digest) if is_left else node_hash(digest, sibling)
    if digest != root:
        raise ProofRefused(f"The inclusion proof of leaf {index} leads to another root than the checkpoint's.")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the new tree begins with the old one (RFC 9162, 2.1.4.2). Raises `ProofRefused`."""
    if old > new:
        raise ProofRefused(f"The log shrank: it had {old} events and has {new}.")
    if old in (0, new):
        _verify_trivial(path, EMPTY_ROOT if old == 0 else new_root, old_root)
        return
    hashes = list(path) if old & (old - 1) else [old_root, *path]
    if not hashes:
        raise ProofRefused("The consistency proof is empty.")
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = hashes[0]
    for sibling, is_left in _steps(position, last, hashes[1:]):
        if is_left:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
        else:
            second = node_hash(second, sibling)
    if first != old_root:
        raise ProofRefused(f"The consistency proof does not begin at the earlier checkpoint of {old} events.")
    if second != new_root:
        raise ProofRefused(f"The log of {new} events does not hold the earlier {old} unchanged: history was rewritten.")


def _verify_trivial(path: Sequence[bytes], expected: bytes, old_root: bytes) -> None:
    if path:
        raise ProofRefused("The consistency proof should be empty.")
    if old_root != expected:
        raise ProofRefused("Two checkpoints of one size have different roots: the history was forked.")


def _steps(position: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each hash of a path with the side on which it stands, upwards from a node; `last` is the last of its level.

    Raises `ProofRefused` where the path is not as long as the tree is high.
    """
    for sibling in path:
        if last == 0:
            raise ProofRefused("The proof is longer than the tree is high.")
        is_left = bool(position & 1) or position == last
        yield sibling, is_left
        while is_left and not position & 1 and position:
            position >>= 1
            last >>= 1
        position >>= 1
        last >>= 1
    if last != 0:
        raise ProofRefused("The proof is shorter than the tree is high.")
