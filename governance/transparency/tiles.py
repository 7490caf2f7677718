"""The tree kept as tiles of 256 hashes (C2SP tlog-tiles), and roots, ranges and proofs read from them.

A tile of level L holds hashes of height 8 * L; those between are computed. The last tile of a level may be partial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from governance.transparency.hashing import HASH_OCTETS, Block, block_root, blocks, fold
from governance.transparency.proofs import Range

WIDTH: Final = 256
HEIGHT: Final = 8


class TileId(NamedTuple):
    """Level and number of a tile."""

    level: int
    number: int


class MissingTile(LookupError):
    """A tile that is needed is not there: it was pruned, or lost."""

    def __init__(self, tile: TileId, have: int, need: int) -> None:
        super().__init__(f"tile {tile.level}/{tile.number} holds {have} hashes, {need} are needed")


def tile_path(tile: TileId, width: int = WIDTH) -> str:
    """Return the path of a tile below `tile/`: the number in groups of three digits, `.p/W` where it is partial."""
    digits = f"{tile.number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"{tile.level}/{path}" + (f".p/{width}" if width < WIDTH else "")


def tile_widths(size: int) -> dict[TileId, int]:
    """Return the last tile of each level of a tree of `size`, with its width; full tiles to its left are not named."""
    widths: dict[TileId, int] = {}
    level, count = 0, size
    while count:
        widths[TileId(level, (count - 1) // WIDTH)] = (count - 1) % WIDTH + 1
        level, count = level + 1, count // WIDTH
    return widths


def place_of(block: Block) -> tuple[TileId, int, int]:
    """Return the tile that holds a block, the offset of its first hash there, and how many hashes it is made of."""
    level, below = divmod(block.height, HEIGHT)
    first = block.number << below
    return TileId(level, first // WIDTH), first % WIDTH, 1 << below


def tiles_of(ranges: Iterable[Range]) -> set[TileId]:
    """Return the tiles that are needed to hash these ranges."""
    return {place_of(block)[0] for one in ranges for block in blocks(one.start, one.end)}


def block_hash(tiles: Mapping[TileId, bytes], block: Block) -> bytes:
    """Return the hash of a block from the tiles. Raises `MissingTile`."""
    tile, offset, count = place_of(block)
    content = tiles.get(tile, b"")
    end = (offset + count) * HASH_OCTETS
    if len(content) < end:
        raise MissingTile(tile, len(content) // HASH_OCTETS, offset + count)
    return block_root(split(content[offset * HASH_OCTETS : end]))


def range_hash(tiles: Mapping[TileId, bytes], one: Range) -> bytes:
    """Return the root of a range that is a subtree; of (0, size), the root of the tree. Raises `MissingTile`."""
    return fold([block_hash(tiles, block) for block in blocks(one.start, one.end)])


def split(content: bytes) -> list[bytes]:
    """Return the single hashes of a tile."""
    return [content[at : at + HASH_OCTETS] for at in range(0, len(content), HASH_OCTETS)]


class Growth:
    """Adds leaves at the end of a tree of which only the last, partial tile of each level is at hand.

    `changed` then holds every tile that is new or longer. Nothing is kept between two growths but those tiles.
    """

    def __init__(self, size: int, edge: Mapping[TileId, bytes]) -> None:
        self._edge = dict(edge)
        self.size = size
        self.changed: dict[TileId, bytes] = {}

    @staticmethod
    def edge_of(size: int) -> set[TileId]:
        """Return the tiles that a growth of a tree of `size` begins with: the partial ones, and those of its root."""
        return tiles_of([Range(0, size)])

    def append(self, hashes: list[bytes]) -> None:
        """Add leaf hashes."""
        first, level, fresh = self.size, 0, hashes
        self.size += len(hashes)
        while fresh:
            fresh, first = self._fill(level, first, fresh)
            level += 1

    @property
    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        return range_hash({**self._edge, **self.changed}, Range(0, self.size))

    def _fill(self, level: int, first: int, fresh: list[bytes]) -> tuple[list[bytes], int]:
        """Put hashes into a level from place `first` on; return what full tiles give the next level, and its place."""
        above: list[bytes] = []
        number, offset = divmod(first, WIDTH)
        place, at = number, 0
        while at < len(fresh):
            tile = TileId(level, number)
            taken = fresh[at : at + WIDTH - offset]
            before = self.changed.get(tile, self._edge.get(tile, b"")) if offset else b""
            if len(before) != offset * HASH_OCTETS:
                raise MissingTile(tile, len(before) // HASH_OCTETS, offset)
            content = before + b"".join(taken)
            self.changed[tile] = content
            if len(content) == WIDTH * HASH_OCTETS:
                above.append(block_root(split(content)))
            at += len(taken)
            number, offset = number + 1, 0
        return above, place
