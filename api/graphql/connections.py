"""Keyset connections: forward pages by id, bounded, with a total that is counted only when asked for."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

import strawberry

from api.graphql.personal import personal
from api.kit.errors import InvalidInput

Item = TypeVar("Item")
LARGEST_PAGE: Final = 100
_ID_BYTES: Final = 16
_PLACE: Final = "an opaque place in a list"


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """The Relay page information; pages go forward."""

    has_next_page: bool = personal.computed(_PLACE, description="Whether more follows.")
    has_previous_page: bool = personal.computed(_PLACE, description="Whether something came before.")
    start_cursor: str | None = personal.computed(_PLACE, description="The first edge's cursor.")
    end_cursor: str | None = personal.computed(_PLACE, description="The last edge's cursor; pass it as `after`.")


@strawberry.type(description="An item of a list, with its cursor.")
class Edge(Generic[Item]):
    """One edge."""

    cursor: str = personal.computed(_PLACE, description="Pass it as `after` to go on from here.")
    node: Item = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Item]):
    """One page; `counter` runs only when the total is asked for."""

    edges: list[Edge[Item]] = strawberry.field(description="The items of this page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies.")
    counter: strawberry.Private[Callable[[], Awaitable[int]]]

    @personal.computed("a number of rows", description="How many items the whole list has.")
    async def total_count(self) -> int:
        """Count the rows."""
        return await self.counter()


def encode_cursor(value: UUID) -> str:
    """Return the cursor of a row."""
    return base64.urlsafe_b64encode(value.bytes).decode().rstrip("=")


def page_bounds(first: int, after: str | None) -> tuple[int, UUID | None]:
    """Check the arguments of a connection; a bad one is refused with what to send instead."""
    if not 1 <= first <= LARGEST_PAGE:
        raise InvalidInput(
            f"`first` is not between 1 and {LARGEST_PAGE}, so nothing was read. Ask for fewer and page with `after`.",
            rule="page-size",
            field=("first",),
        )
    return first, decode_cursor(after) if after else None


def decode_cursor(text: str) -> UUID:
    """Return the row id in a cursor; refuses a text that is none."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, UnicodeEncodeError, binascii.Error):
        raw = b""
    if len(raw) != _ID_BYTES:
        raise InvalidInput(
            "`after` is not a cursor of this list, so nothing was read. Take it from `pageInfo.endCursor`.",
            rule="cursor",
            field=("after",),
        )
    return UUID(bytes=raw)


def connection(items: Sequence[tuple[UUID, Item]], more: bool, after: UUID | None, total: int) -> Connection[Item]:
    """Make a page from its rows' ids and items; `more` tells whether others follow."""
    edges = [Edge(cursor=encode_cursor(key), node=node) for key, node in items]
    info = PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )

    async def counted() -> int:
        return total

    return Connection(edges=edges, page_info=info, counter=counted)
