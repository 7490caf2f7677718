"""D, Ariadne: a schema written as text, resolvers on the same rows of Core as C, the stock ASGI view."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ariadne import MutationType, ObjectType, QueryType, ScalarType, make_executable_schema
from ariadne.asgi import GraphQL

from bench.graphql.servers.core_rows import CoreReads, open_autocommit_engine
from bench.graphql.servers.plain import viewer
from bench.graphql.wire import ACCOUNT, CERTIFICATE, DOMAIN, encode_cursor, encode_id, encode_moment

_SCHEMA: Final = """
scalar DateTime
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Certificate {
  id: ID! serialNumber: String! fingerprintSha256: String! issuerName: String!
  notBefore: DateTime! notAfter: DateTime! revokedAt: DateTime
  domains: [Domain!]!
}
type CertificateEdge { cursor: String! node: Certificate! }
type CertificateConnection { edges: [CertificateEdge!]! pageInfo: PageInfo! }
type Domain { id: ID! name: String! certificates(first: Int!): CertificateConnection! }
type DomainEdge { cursor: String! node: Domain! }
type DomainConnection { edges: [DomainEdge!]! pageInfo: PageInfo! }
type Account {
  id: ID! email: String! displayName: String companyName: String country: String
  language: String! timeZone: String! createdAt: DateTime!
  domains(first: Int!): DomainConnection!
  certificates(first: Int!, expiringBefore: DateTime!): CertificateConnection!
}
type Problem { code: String! }
type AccountPayload { account: Account errors: [Problem!]! }
input UpdateSettingsInput { displayName: String! }
type Query { me: Account }
type Mutation { updateSettings(input: UpdateSettingsInput!): AccountPayload! }
"""
_moments = ScalarType("DateTime", serializer=encode_moment, value_parser=datetime.fromisoformat)
_query, _mutation = QueryType(), MutationType()
_account, _domain, _certificate = ObjectType("Account"), ObjectType("Domain"), ObjectType("Certificate")


@_account.field("id")
def _account_id(row: Any, _info: Any) -> str:
    return encode_id(ACCOUNT, row.id)


@_domain.field("id")
def _domain_id(row: Any, _info: Any) -> str:
    return encode_id(DOMAIN, row.id)


@_certificate.field("id")
def _certificate_id(row: Any, _info: Any) -> str:
    return encode_id(CERTIFICATE, row.id)


@_query.field("me")
async def _me(_root: Any, info: Any) -> Any:
    return await info.context["reads"].account()


@_account.field("domains")
async def _domains(_row: Any, info: Any, first: int) -> dict[str, Any]:
    return _page(await info.context["reads"].domains(first), first)


@_account.field("certificates")
async def _expiring(_row: Any, info: Any, first: int, expiring_before: datetime) -> dict[str, Any]:
    return _page(await info.context["reads"].expiring(first, expiring_before), first)


@_domain.field("certificates")
async def _certificates(row: Any, info: Any, first: int) -> dict[str, Any]:
    return _page(await info.context["reads"].certificates_of(row.name, first), first)


@_certificate.field("domains")
async def _named(row: Any, info: Any) -> Sequence[Any]:
    found: Sequence[Any] = await info.context["reads"].domains_named(row.names)
    return found


@_mutation.field("updateSettings")
async def _rename(_root: Any, info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - the schema's word
    return {"account": await info.context["reads"].rename(input["display_name"]), "errors": []}


def _page(rows: Sequence[Any], first: int) -> dict[str, Any]:
    edges = [{"cursor": encode_cursor(row.id), "node": row} for row in rows[:first]]
    info = {
        "has_next_page": len(rows) > first,
        "has_previous_page": False,
        "start_cursor": edges[0]["cursor"] if edges else None,
        "end_cursor": edges[-1]["cursor"] if edges else None,
    }
    return {"edges": edges, "page_info": info}


def _snake(name: str, _schema: Any, _path: tuple[str, ...]) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found.group().lower(), name)


@asynccontextmanager
async def application(database: str, callers: dict[str, UUID]) -> AsyncIterator[GraphQL]:
    """Yield the ASGI application."""
    engine = open_autocommit_engine(database)
    parts = (_query, _mutation, _account, _domain, _certificate, _moments)

    def context(request: Any, _data: Any) -> dict[str, Any]:
        return {"request": request, "reads": CoreReads(engine, viewer(request, callers))}

    try:
        schema = make_executable_schema(_SCHEMA, *parts, convert_names_case=_snake)
        yield GraphQL(schema, context_value=context)
    finally:
        await engine.dispose()
