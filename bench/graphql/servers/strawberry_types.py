"""The Strawberry schema that B and C share: ordinary types with resolvers, lists behind DataLoaders.

What differs stands in the `Reads` each hands over in the context: objects of the ORM, or rows of Core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import DateTimeDefinition

from bench.graphql.wire import ACCOUNT, CERTIFICATE, DOMAIN, encode_cursor, encode_id, encode_moment

Item = TypeVar("Item")
Info = strawberry.Info[dict[str, Any], None]
DATE_TIME: Final = replace(DateTimeDefinition, serialize=encode_moment)


class Reads(Protocol):
    """How rows are read; made anew for each request, and bound to its viewer. Lists hold one row more than asked."""

    async def account(self) -> Any: ...
    async def domains(self, first: int) -> Sequence[Any]: ...
    async def certificates_of(self, name: str, first: int) -> Sequence[Any]: ...
    async def expiring(self, first: int, before: datetime) -> Sequence[Any]: ...
    async def domains_named(self, names: Sequence[str]) -> Sequence[Any]: ...
    async def rename(self, display_name: str) -> Any: ...


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    cursor: str
    node: Item


@strawberry.type
class Connection(Generic[Item]):
    edges: list[Edge[Item]]
    page_info: PageInfo


@strawberry.type
class Certificate:
    row: strawberry.Private[Any]
    serial_number: str
    fingerprint_sha256: str
    issuer_name: str
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode_id(CERTIFICATE, self.row.id))

    @strawberry.field
    async def domains(self, info: Info) -> list[Domain]:
        return [_domain(row) for row in await info.context["reads"].domains_named(self.row.names)]


@strawberry.type
class Domain:
    row: strawberry.Private[Any]
    name: str

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode_id(DOMAIN, self.row.id))

    @strawberry.field
    async def certificates(self, info: Info, first: int) -> Connection[Certificate]:
        rows = await info.context["reads"].certificates_of(self.row.name, first)
        return _page(rows, first, [_certificate(row) for row in rows[:first]])


@strawberry.type
class Account:
    row: strawberry.Private[Any]
    email: str
    display_name: str | None
    company_name: str | None
    country: str | None
    language: str
    time_zone: str
    created_at: datetime

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(encode_id(ACCOUNT, self.row.id))

    @strawberry.field
    async def domains(self, info: Info, first: int) -> Connection[Domain]:
        rows = await info.context["reads"].domains(first)
        return _page(rows, first, [_domain(row) for row in rows[:first]])

    @strawberry.field
    async def certificates(self, info: Info, first: int, expiring_before: datetime) -> Connection[Certificate]:
        rows = await info.context["reads"].expiring(first, expiring_before)
        return _page(rows, first, [_certificate(row) for row in rows[:first]])


@strawberry.type
class Problem:
    code: str


@strawberry.type
class AccountPayload:
    account: Account | None
    errors: list[Problem]


@strawberry.input
class UpdateSettingsInput:
    display_name: str


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: Info) -> Account | None:
        return _account(await info.context["reads"].account())


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def update_settings(self, info: Info, input: UpdateSettingsInput) -> AccountPayload:  # noqa: A002
        row = await info.context["reads"].rename(input.display_name)
        return AccountPayload(account=_account(row), errors=[])


def make_schema(extensions: Sequence[Any] = ()) -> strawberry.Schema:
    """Return the schema, with the extensions of whoever uses it."""
    config = StrawberryConfig(scalar_map={datetime: DATE_TIME})
    return strawberry.Schema(Query, Mutation, config=config, extensions=list(extensions))


def _page(rows: Sequence[Any], first: int, nodes: list[Any]) -> Connection[Any]:
    cursors = [encode_cursor(row.id) for row in rows[:first]]
    info = PageInfo(
        has_next_page=len(rows) > first,
        has_previous_page=False,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
    return Connection(edges=[Edge(cursor=c, node=n) for c, n in zip(cursors, nodes, strict=True)], page_info=info)


def _account(row: Any) -> Account:
    return Account(
        row=row,
        email=row.email,
        display_name=row.display_name,
        company_name=row.company_name,
        country=row.country,
        language=row.language,
        time_zone=row.time_zone,
        created_at=row.created_at,
    )


def _domain(row: Any) -> Domain:
    return Domain(row=row, name=row.name)


def _certificate(row: Any) -> Certificate:
    return Certificate(
        row=row,
        serial_number=row.serial_number,
        fingerprint_sha256=row.fingerprint_sha256,
        issuer_name=row.issuer_name,
        not_before=row.not_before,
        not_after=row.not_after,
        revoked_at=row.revoked_at,
    )
