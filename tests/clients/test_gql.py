"""The Python client gql: with the schema it fetches by introspection, and with the text that we print."""

from __future__ import annotations

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport

from tests.clients.conftest import ROOT, Served

PAGE = gql("""
    query Page($first: Int!, $after: Cursor) {
      me { email domains(first: $first, after: $after) { edges { cursor node { name createdAt } } } }
    }
""")


def transport(served: Served) -> HTTPXAsyncTransport:
    return HTTPXAsyncTransport(served.url, headers={"Authorization": f"Bearer {served.alice.api_token}"})


async def test_pages_with_the_schema_from_introspection(served: Served) -> None:
    async with Client(transport=transport(served), fetch_schema_from_transport=True) as session:
        first = await session.execute(GraphQLRequest(PAGE, variable_values={"first": 1}))
        (edge,) = first["me"]["domains"]["edges"]
        onward = {"first": 1, "after": edge["cursor"]}
        second = await session.execute(GraphQLRequest(PAGE, variable_values=onward))
        assert first["me"]["email"] == "canaryalice@example.org"
        assert edge not in second["me"]["domains"]["edges"]


async def test_errors_with_the_schema_as_printed(served: Served) -> None:
    text = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    async with Client(transport=transport(served), schema=text) as session:
        remove = gql('mutation { removeDomain(input: {domainId: "x"}) { domain { id } errors { code } } }')
        assert (await session.execute(remove))["removeDomain"] == {"domain": None, "errors": [{"code": "NOT_FOUND"}]}
        with pytest.raises(TransportQueryError, match="VARIABLES_INVALID"):
            await session.execute(GraphQLRequest(PAGE, variable_values={"first": 1, "after": "x"}))
