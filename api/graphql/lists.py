"""Pages of the account's lists, each one short read."""

from datetime import datetime
from uuid import UUID

import strawberry

from api.accounts.access import require_account
from api.certificates import queries
from api.domains import lists as domain_lists
from api.graphql.certificates import Agent, Certificate, Domain, Order
from api.graphql.connections import Connection, connection, page_bounds
from api.graphql.context import Context
from api.graphql.cursors import Cursor
from governance.ids import Pseudonym

Info = strawberry.Info[Context, None]
About = tuple[Pseudonym, ...]


def _page(first: int, after: Cursor | None) -> tuple[queries.Page, UUID | None]:
    size, key = page_bounds(first, after)
    return queries.Page(size, key), key


async def domains_page(info: Info, about: About, first: int, after: Cursor | None) -> Connection[Domain]:
    """Return a page of domains."""
    size, key = page_bounds(first, after)
    async with info.context.sessions.read() as session:
        account_id = require_account(info.context.viewer)
        page = await domain_lists.domains_of(session, account_id, first=size, after=key)
    nodes = [(row.id, Domain(row=row, about=about)) for row in page.rows]
    return connection(nodes, page.has_next, key, page.total)


async def orders_page(info: Info, about: About, first: int, after: Cursor | None) -> Connection[Order]:
    """Return a page of orders."""
    page, key = _page(first, after)
    async with info.context.sessions.read() as session:
        found = await queries.orders_of(session, require_account(info.context.viewer), page)
    return connection(
        [(row.id, Order(row=row, about=about)) for row in found.rows], found.has_next, key, found.total_count
    )


async def certificates_page(
    info: Info, about: About, first: int, after: Cursor | None, expiring_before: datetime | None
) -> Connection[Certificate]:
    """Return a page of certificates."""
    page, key = _page(first, after)
    async with info.context.sessions.read() as session:
        account_id = require_account(info.context.viewer)
        found = await queries.certificates_of(session, account_id, page, expiring_before=expiring_before)
    nodes = [(row.id, Certificate(row=row, about=about)) for row in found.rows]
    return connection(nodes, found.has_next, key, found.total_count)


async def agents_page(info: Info, about: About, first: int, after: Cursor | None) -> Connection[Agent]:
    """Return a page of agents."""
    page, key = _page(first, after)
    async with info.context.sessions.read() as session:
        found = await queries.agents_of(session, require_account(info.context.viewer), page)
    return connection(
        [(row.id, Agent(row=row, about=about)) for row in found.rows], found.has_next, key, found.total_count
    )
