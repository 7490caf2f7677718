"""Roots, proofs and tiles, against a second tree written from the definitions of RFC 9162 section 2.1 alone."""

from __future__ import annotations

from hashlib import sha256
from random import Random

import pytest

from governance.transparency.errors import ProofRefused
from governance.transparency.hashing import RootBuilder, leaf_hash, root_of
from governance.transparency.proofs import (
    Range,
    consistency_ranges,
    inclusion_ranges,
    verify_consistency,
    verify_inclusion,
)
from governance.transparency.subsets import SubsetVerifier, gap_blocks
from governance.transparency.tiles import (
    Growth,
    TileId,
    block_hash,
    range_hash,
    tile_path,
    tile_widths,
    tiles_of,
)

SIZES = [1, 2, 3, 5, 8, 13, 100, 255, 256, 257, 511, 600, 700]


def data(count: int) -> list[bytes]:
    return [b"event %d" % number for number in range(count)]


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def grown(count: int, batches: list[int] | None = None) -> dict[TileId, bytes]:
    """Return all tiles of a tree that grew in batches, each of which knew the edge alone."""
    tiles: dict[TileId, bytes] = {}
    size, leaves = 0, data(count)
    for batch in batches or [count]:
        growth = Growth(size, {tile: tiles[tile] for tile in Growth.edge_of(size)})
        growth.append([leaf_hash(one) for one in leaves[size : size + batch]])
        size = growth.size
        tiles.update(growth.changed)
        assert growth.root == mth(leaves[:size])
    assert size == count
    return tiles


@pytest.mark.parametrize("size", [0, *SIZES])
def test_roots_are_those_of_the_rfc(size: int) -> None:
    assert root_of(data(size)) == mth(data(size))


def test_a_tree_that_grows_in_uneven_batches_is_the_same_tree() -> None:
    random = Random(7)  # noqa: S311
    for _ in range(20):
        batches = [random.choice([1, 2, 7, 100, 255, 256, 257, 300]) for _ in range(6)]
        total = sum(batches)
        assert grown(total, batches) == grown(total)


@pytest.mark.parametrize("size", SIZES)
def test_the_tiles_are_those_of_tlog_tiles(size: int) -> None:
    tiles, leaves = grown(size), data(size)
    for (level, number), content in tiles.items():
        width = 256**level
        hashes = [content[at : at + 32] for at in range(0, len(content), 32)]
        for place, digest in enumerate(hashes):
            start = (number * 256 + place) * width
            assert digest == mth(leaves[start : start + width])
    assert {tile: len(content) // 32 for tile, content in tiles.items() if tile in tile_widths(size)} == tile_widths(
        size
    )


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() -> None:
    assert tile_widths(70_000) == {TileId(0, 273): 112, TileId(1, 1): 17, TileId(2, 0): 1}


@pytest.mark.parametrize(
    ("tile", "width", "expected"),
    [
        (TileId(0, 1234067), 256, "0/x001/x234/067"),
        (TileId(0, 0), 256, "0/000"),
        (TileId(1, 999), 12, "1/999.p/12"),
        (TileId(2, 1000), 256, "2/x001/000"),
    ],
)
def test_tile_paths_are_in_groups_of_three(tile: TileId, width: int, expected: str) -> None:
    assert tile_path(tile, width) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 8, 13, 100, 300])
def test_every_leaf_has_the_path_of_the_rfc(size: int) -> None:
    tiles, leaves = grown(size), data(size)
    for index in range(size):
        ranges = inclusion_ranges(index, size)
        assert tiles_of(ranges) <= set(tiles)
        hashes = [range_hash(tiles, one) for one in ranges]
        assert hashes == path(index, leaves)
        verify_inclusion(index, size, leaf_hash(leaves[index]), hashes, mth(leaves))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 64, 100])
def test_every_earlier_tree_has_the_proof_of_the_rfc(size: int) -> None:
    tiles, leaves = grown(size), data(size)
    for old in range(1, size + 1):
        hashes = [range_hash(tiles, one) for one in consistency_ranges(old, size)]
        assert hashes == subproof(old, leaves, whole=True)
        verify_consistency(old, size, mth(leaves[:old]), mth(leaves), hashes)


def test_any_change_of_a_proof_is_refused() -> None:
    size, index = 13, 6
    tiles, leaves = grown(size), data(size)
    hashes = [range_hash(tiles, one) for one in inclusion_ranges(index, size)]
    root = mth(leaves)
    wrong = [
        (index, size, leaf_hash(b"another"), hashes, root),
        (index + 1, size, leaf_hash(leaves[index]), hashes, root),
        (index, size, leaf_hash(leaves[index]), hashes[:-1], root),
        (index, size, leaf_hash(leaves[index]), [*hashes, root], root),
        (index, size, leaf_hash(leaves[index]), hashes, bytes(32)),
        (size, size, leaf_hash(leaves[index]), hashes, root),
    ]
    for case in wrong:
        with pytest.raises(ProofRefused):
            verify_inclusion(*case)


def test_a_history_that_was_rewritten_forked_or_rolled_back_is_refused() -> None:
    leaves = data(13)
    tiles = grown(13)
    hashes = [range_hash(tiles, one) for one in consistency_ranges(7, 13)]
    forked = [*leaves[:3], b"another", *leaves[4:7]]
    with pytest.raises(ProofRefused, match="begin"):
        verify_consistency(7, 13, mth(forked), mth(leaves), hashes)
    with pytest.raises(ProofRefused, match="rewritten"):
        verify_consistency(7, 13, mth(leaves[:7]), mth([*leaves[:12], b"x"]), hashes)
    with pytest.raises(ProofRefused, match="shrank"):
        verify_consistency(13, 7, mth(leaves), mth(leaves[:7]), [])
    with pytest.raises(ProofRefused, match="forked"):
        verify_consistency(7, 7, mth(leaves[:7]), mth(forked), [])
    verify_consistency(0, 7, mth([]), mth(leaves[:7]), [])


def test_a_subset_is_proved_by_the_gaps_alone() -> None:
    random = Random(9)  # noqa: S311
    for size in (1, 2, 13, 300, 700):
        tiles, leaves = grown(size), data(size)
        for chosen in (0, 1, size // 2, size):
            indices = sorted(random.sample(range(size), chosen))
            gaps = [block_hash(tiles, block) for block in gap_blocks(indices, size)]
            verifier = SubsetVerifier(size, iter(gaps))
            for index in indices:
                verifier.add_run(index, [leaf_hash(leaves[index])])
            verifier.finish(mth(leaves))
            if chosen == size:
                assert not gaps


def test_a_subset_with_a_dropped_repeated_or_foreign_event_is_refused() -> None:
    size, indices = 40, [3, 4, 20]
    tiles, leaves = grown(size), data(size)
    gaps = [block_hash(tiles, block) for block in gap_blocks(indices, size)]

    def verify(numbers: list[int], given: list[bytes]) -> None:
        verifier = SubsetVerifier(size, iter(given))
        for number in numbers:
            verifier.add_run(number, [leaf_hash(leaves[number])])
        verifier.finish(mth(leaves))

    verify(indices, gaps)
    for numbers in ([3, 20], [3, 4, 4, 20], [3, 4, 21], [4, 3, 20], [3, 4, 20, 41]):
        with pytest.raises((ProofRefused, IndexError)):
            verify(numbers, gaps)
    with pytest.raises(ProofRefused, match="more"):
        verify(indices, [*gaps, gaps[0]])
    with pytest.raises(ProofRefused, match="fewer"):
        verify(indices, gaps[:-1])


def test_a_block_cannot_stand_where_it_is_no_node() -> None:
    builder = RootBuilder()
    builder.add(0, bytes(32))
    with pytest.raises(ValueError, match="cannot start"):
        builder.add(1, bytes(32))


def test_a_range_without_its_tile_says_which_is_missing() -> None:
    with pytest.raises(LookupError, match="tile 0/0 holds 0 hashes, 4 are needed"):
        range_hash({}, Range(0, 4))
