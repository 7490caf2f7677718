"""Reading by GET: with an API token, or for a trusted document behind a preflight; never by cookie alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.support.platform import GRAPHQL_JSON, Site
from tests.support.tenants import Tenant

ME = "query Me { me { id } }"


async def get(shop: Site, headers: dict[str, str], **members: str) -> httpx.Response:
    return await shop.send("GET", f"/graphql?{urlencode(members)}", headers={"accept": GRAPHQL_JSON} | headers)


def bearer(alice: Tenant) -> dict[str, str]:
    return {"authorization": f"Bearer {alice.api_token}"}


def code(response: httpx.Response) -> Any:
    (error,) = response.json()["errors"]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return error["extensions"]["code"]


async def test_a_query_with_a_token_is_answered(shop: Site, alice: Tenant) -> None:
    document = "query A($n: Int!) { me { domains(first: $n) { totalCount } } } query B { me { id } }"
    answer = await get(shop, bearer(alice), query=document, operationName="A", variables='{"n": 1}')
    assert answer.status_code == 200
    assert answer.json()["data"]["me"]["domains"]["totalCount"] >= 1
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("document", ["mutation { signOut { errors { code } } }"])
async def test_a_change_is_refused_with_what_is_allowed(shop: Site, alice: Tenant, document: str) -> None:
    with shop.statements() as statements:
        answer = await get(shop, bearer(alice), query=document)
    assert (answer.status_code, code(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST, OPTIONS")
    assert not any(statement.lower().startswith(("insert", "update", "delete")) for statement in statements)
    as_json = await get(shop, bearer(alice) | {"accept": "application/json"}, query=document)
    assert as_json.status_code == 405


async def test_a_cookie_is_no_reason_to_answer(shop: Site, alice: Tenant) -> None:
    whole = alice.browser.headers()
    for headers in (whole, whole | {"graphql-require-preflight": "1"}, {}, {"graphql-require-preflight": "1"}):
        answer = await get(shop, headers, query=ME)
        assert (answer.status_code, code(answer)) == (403, "PREFLIGHT_REQUIRED")
        assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("members", "status"),
    [({}, 400), ({"query": ""}, 400), ({"query": ME, "variables": "[]"}, 400), ({"query": ME, "variables": "x"}, 400),
     ({"query": "{ me {"}, 400), ({"query": ME, "operationName": "Other"}, 400), ({"query": "x" * 40_000}, 413)],
)  # fmt: skip
async def test_an_address_that_makes_no_request_is_refused(
    shop: Site, alice: Tenant, members: dict[str, str], status: int
) -> None:
    answer = await get(shop, bearer(alice), **members)
    assert answer.status_code == status
    assert code(answer)


async def test_a_token_that_does_not_hold_is_refused(shop: Site) -> None:
    answer = await get(shop, {"authorization": "Bearer x"}, query=ME)
    assert (answer.status_code, code(answer)) == (401, "CREDENTIAL_REFUSED")
