"""Keyset connections: forward pages by id, bounded, with a total that is counted only when asked for.

The rule: a size is never refused; it is brought into the bounds, so that ordinary input makes no error.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

import strawberry

from api.graphql.cursors import Cursor
from api.graphql.personal import personal

Item = TypeVar("Item")
LARGEST_PAGE: Final = 100
_PLACE: Final = "an opaque place in a list"


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """The Relay page information; pages go forward."""

    has_next_page: bool = personal.computed(_PLACE, description="Whether more follows.")
    has_previous_page: bool = personal.computed(_PLACE, description="Whether something came before.")
    start_cursor: Cursor | None = personal.computed(_PLACE, description="The first edge's cursor.")
    end_cursor: Cursor | None = personal.computed(_PLACE, description="The last edge's cursor; pass it as `after`.")


@strawberry.type(description="An item of a list, with its cursor.")
class Edge(Generic[Item]):
    """One edge."""

    cursor: Cursor = personal.computed(_PLACE, description="Pass it as `after` to go on from here.")
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


def page_bounds(first: int, after: Cursor | None) -> tuple[int, UUID | None]:
    """Return the size of a page, brought into 0 to `LARGEST_PAGE`, and the key after which it begins."""
    return min(max(first, 0), LARGEST_PAGE), after.id if after is not None else None


def connection(items: Sequence[tuple[UUID, Item]], more: bool, after: UUID | None, total: int) -> Connection[Item]:
    """Make a page from its rows' ids and items; `more` tells whether others follow."""
    edges = [Edge(cursor=Cursor(key), node=node) for key, node in items]
    info = PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )

    async def counted() -> int:
        return total

    return Connection(edges=edges, page_info=info, counter=counted)
