"""Event streams over HTTP, and who gets one."""

from __future__ import annotations

import pytest

from tests.integration.live.running import CERTIFICATES, ORDER, Served, node_id
from tests.support.platform import Site
from tests.support.tenants import Tenant

URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)


async def test_an_order_is_followed_by_stream(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)
    before = await live.events(alice, "orderProgress")
    async with live.stream(ORDER, alice.api_token, id=node_id("Order", order_id)) as events:
        assert events.response.status_code == 200
        assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert events.response.headers["cache-control"] == "no-store"
        name, told = await events.next()
        assert (name, told["data"]["orderProgress"]["state"]) == ("next", "PENDING")
        await live.move(order_id, state="INVALID", ended_at=live.site.core.clock.now())
        name, told = await events.next()
        assert (name, told["data"]["orderProgress"]["state"]) == ("next", "INVALID")
        assert await events.next() == ("complete", None)
        with pytest.raises(EOFError):
            await events.next()
    assert await live.events(alice, "orderProgress") == before + 2


async def test_a_query_by_stream_is_one_event(live: Served, alice: Tenant) -> None:
    async with live.stream("{ me { email } }", alice.api_token) as events:
        name, told = await events.next()
        assert (name, told["data"]) == ("next", {"me": {"email": f"{alice.canary}@example.org"}})
        assert await events.next() == ("complete", None)


@pytest.mark.parametrize(
    ("document", "code"),
    [("{ nothing }", "DOCUMENT_INVALID"), ("mutation { signOut { errors { code } } }", "PLAIN_REQUEST_NEEDED")],
)
async def test_refusals_are_events(live: Served, alice: Tenant, document: str, code: str) -> None:
    async with live.stream(document, alice.api_token) as events:
        name, told = await events.next()
        assert (name, told["errors"][0]["extensions"]["code"]) == ("next", code)
        assert await events.next() == ("complete", None)


async def test_what_is_wrong_as_http_is_answered_as_http(live: Served) -> None:
    async with live.stream(CERTIFICATES, "sslm_wrong") as events:
        assert events.response.status_code == 401
        assert events.response.headers["content-type"].startswith("application/json")


async def test_a_quiet_stream_stays_alive(live: Served, alice: Tenant) -> None:
    async with (
        live.with_limits(comment_seconds=0.1) as lively,
        lively.stream(CERTIFICATES, alice.api_token) as events,
    ):
        for _ in range(3):
            assert await events.comment() == ":"


async def test_whoever_leaves_is_forgotten(live: Served, alice: Tenant) -> None:
    async with live.stream(CERTIFICATES, alice.api_token):
        await live.followers(1)
    await live.followers(0)


async def test_streams_of_a_caller_are_counted(live: Served, bob: Tenant) -> None:
    held = [live.stream(CERTIFICATES, bob.api_token) for _ in range(live.endpoint.live.limits.of_a_caller)]
    try:
        for one in held:
            await one.__aenter__()
        async with live.stream(CERTIFICATES, bob.api_token) as events:
            assert events.response.status_code == 429
            assert events.response.headers["retry-after"] == "60"
    finally:
        for one in held:
            await one.__aexit__(None, None, None)
    await live.followers(0)


@pytest.mark.parametrize(
    "accept",
    ["application/json", "*/*", "", URQL, "application/json, text/event-stream", "text/event-stream;q=0, */*"],
)
async def test_a_subscription_without_a_stream_is_refused(live: Served, alice: Tenant, accept: str) -> None:
    headers = {"authorization": f"Bearer {alice.api_token}", "accept": accept}
    answer = await _site(live).post({"query": CERTIFICATES}, headers)
    assert answer.status_code == 406
    assert answer.json()["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_NEEDS_STREAM"
    assert "data" not in answer.json()


@pytest.mark.parametrize("accept", [URQL, "text/event-stream;q=0.5, application/json", "application/json"])
async def test_a_query_that_prefers_json_gets_json(live: Served, alice: Tenant, accept: str) -> None:
    headers = {"authorization": f"Bearer {alice.api_token}", "accept": accept}
    answer = await _site(live).post({"query": "{ me { email } }"}, headers)
    assert answer.status_code == 200
    assert "json" in answer.headers["content-type"]
    assert answer.json()["data"] == {"me": {"email": f"{alice.canary}@example.org"}}


def _site(live: Served) -> Site:
    return live.site
