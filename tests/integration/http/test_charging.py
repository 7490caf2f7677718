"""What requests cost, over HTTP: the bill on every answer, 429 with its fields, a fair page, one bucket for a fleet."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.app import open_api, open_core
from tests.support.database import Cluster
from tests.support.platform import GRAPHQL_JSON, Site, site
from tests.support.tenants import Tenant, tenant

SLOW = "1000/1"
"""A quota that restores so slowly that no test has to know how fast it runs."""
DOMAINS = "query($n: Int!) { me { domains(first: $n) { totalCount edges { node { id name } } } } }"


@pytest.fixture(params=["process", "database"])
async def slow_site(cluster: Cluster, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    quotas = dict.fromkeys(("SSLM_QUOTA_HOLDER", "SSLM_QUOTA_STAFF", "SSLM_QUOTA_ANONYMOUS"), SLOW)
    origin = {"SSLM_ALLOWED_ORIGINS": "https://app.example"}
    async with site(cluster, tmp_path, SSLM_CHARGES=request.param, **quotas, **origin) as running:
        yield running


def bearer(holder: Tenant) -> dict[str, str]:
    return {"authorization": f"Bearer {holder.api_token}"}


def left(response: httpx.Response) -> int:
    found = re.fullmatch(r'"cost";r=(\d+);t=\d+', response.headers["ratelimit"])
    assert found
    return int(found[1])


async def spend(running: Site, headers: dict[str, str]) -> httpx.Response:
    """Ask until nothing is left: who may read the schema pays 50 points for a type, anybody 10 for what is refused."""
    for document in ('{ __type(name: "Query") { name } }', "{ nothing }"):
        response = await running.post({"query": document}, headers)
        while response.status_code != 429:
            response = await running.post({"query": document}, headers)
    return response


async def test_the_bill_is_on_the_answer_and_what_was_not_used_comes_back(slow_site: Site) -> None:
    holder = await tenant(slow_site, "canarybill")
    response = await slow_site.post({"query": DOMAINS, "variables": {"n": 100}}, bearer(holder))
    cost = response.json()["extensions"]["cost"]
    assert cost | {"remaining": 0} == {"requested": 102, "actual": 3, "limit": 1000, "remaining": 0, "restoreRate": 1}
    assert 997 <= cost["remaining"] <= 998
    assert response.headers["ratelimit-policy"] == '"cost";q=1000;w=1000'
    assert left(response) == cost["remaining"]
    assert "retry-after" not in response.headers


@pytest.mark.parametrize("accept", [GRAPHQL_JSON, "application/json"])
async def test_who_cannot_pay_is_told_when_to_come_back(slow_site: Site, accept: str) -> None:
    response = await spend(slow_site, {"accept": accept, "origin": "https://app.example"})
    assert response.headers["content-type"].startswith(accept)
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "COST_EXCEEDED"
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert datetime.fromisoformat(error["extensions"]["retryAt"]) > datetime(2026, 1, 1, tzinfo=UTC)
    assert 1 <= int(response.headers["retry-after"]) <= 10
    assert re.fullmatch(r'"cost";r=\d;t=(\d+)', response.headers["ratelimit"])[1] == response.headers["retry-after"]  # type: ignore[index]
    cost = response.json()["extensions"]["cost"]
    assert (cost["requested"], cost["actual"]) == (10, 0)
    exposed = response.headers["access-control-expose-headers"]
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(exposed.split(", "))


async def test_networks_accounts_and_doors_have_buckets_of_their_own(slow_site: Site) -> None:
    holder, other = await tenant(slow_site, "canaryspender"), await tenant(slow_site, "canarysaver")
    assert (await spend(slow_site, bearer(holder))).status_code == 429
    first = {"query": "{ me { id } }"}
    assert (await slow_site.post(first, bearer(holder))).status_code == 429
    assert (await slow_site.post(first, bearer(other))).status_code == 200
    assert (await slow_site.post(first, holder.browser.headers())).status_code == 200
    assert (await slow_site.post(first)).status_code == 200
    await spend(slow_site, {})
    assert (await slow_site.post(first, address=("203.0.113.200", 1))).status_code == 429
    assert (await slow_site.post(first, address=("203.0.114.1", 1))).status_code == 200


async def test_a_new_token_is_no_new_bucket(slow_site: Site) -> None:
    holder = await tenant(slow_site, "canaryminter")
    make = (
        """mutation { createApiToken(input: {name: "more", scopes: ["account:read"]}) { secret errors { message } } }"""
    )
    made = await slow_site.ask(make, by=holder.browser)
    secret = made["data"]["createApiToken"]["secret"]
    await spend(slow_site, bearer(holder))
    response = await slow_site.post({"query": "{ me { id } }"}, {"authorization": f"Bearer {secret}"})
    assert response.status_code == 429


async def test_what_never_fits_is_a_refusal_of_its_own(slow_site: Site) -> None:
    holder = await tenant(slow_site, "canarygreedy")
    text = "{ me { domains(first: 100) { edges { node { validations(first: 100) { edges { node { method } } } } } } } }"
    response = await slow_site.post({"query": text}, bearer(holder))
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "COST_TOO_HIGH")
    assert "retry-after" not in response.headers
    assert left(response) >= 980


async def test_a_page_says_it_to_people(slow_site: Site) -> None:
    holder = await tenant(slow_site, "canaryreader")
    headers = {"cookie": f"__Host-session={holder.browser.session_secret}"}
    assert (await slow_site.send("GET", "/account", headers=headers)).status_code == 200
    await spend(slow_site, holder.browser.headers())
    page = await slow_site.send("GET", "/account", headers=headers)
    assert page.status_code == 429
    assert 1 <= int(page.headers["retry-after"]) <= 130
    assert "Too much was asked for at once" in page.text
    assert "Next try:" in page.text
    assert "points of cost" not in page.text


async def test_two_processes_share_the_buckets_of_the_database(cluster: Cluster, tmp_path: Path) -> None:
    quotas = {"SSLM_QUOTA_ANONYMOUS": SLOW, "SSLM_CHARGES": "database"}
    async with (
        site(cluster, tmp_path, **quotas) as first,
        open_core(first.core.settings) as core,
        open_api(core) as app,
    ):
        second = Site(core, app, cluster)
        assert (await second.post({"query": "{ nothing }"})).status_code == 400
        await spend(first, {})
        # The other process may hold two slices of a hundredth each: two more of these at most.
        answers = [(await second.post({"query": "{ nothing }"})).status_code for _ in range(3)]
        assert answers[-1] == 429
