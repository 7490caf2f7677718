"""What runs on a socket: the same planned, decided and recorded operations as by POST, and how they are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.http.documents import Documents
from tests.integration.auth.people import api_token_of
from tests.integration.live.running import CERTIFICATES, ORDER, Served, Talk, node_id
from tests.support.platform import ORIGIN
from tests.support.tenants import Tenant, tenant


async def refused(talk: Talk, code: str, operation_id: str = "one") -> dict[str, Any]:
    """Receive the `error` message that ends an operation."""
    message = await talk.receive()
    assert (message["type"], message["id"]) == ("error", operation_id), message
    assert [error["extensions"]["code"] for error in message["payload"]] == [code]
    found: dict[str, Any] = message["payload"][0]
    return found


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("", {}, "BAD_REQUEST"),
        ("{ me { id }", {}, "DOCUMENT_INVALID"),
        ("{ nothing }", {}, "DOCUMENT_INVALID"),
        ("subscription { orderProgress(orderId: 7.5) { id } }", {}, "DOCUMENT_INVALID"),
        ("subscription { orderProgress { id } }", {}, "DOCUMENT_INVALID"),
        (ORDER, {}, "VARIABLES_INVALID"),
        (ORDER, {"id": ["a"]}, "VARIABLES_INVALID"),
        (ORDER, {"id": "\x00"}, "BAD_REQUEST"),
        ('subscription { orderProgress(orderId: "a") { id } certificateProgress { id } }', {}, "DOCUMENT_INVALID"),
        ("mutation { signOut { errors { code } } }", {}, "PLAIN_REQUEST_NEEDED"),
        ("query A { me { id } } query B { me { id } }", {}, "OPERATION_NOT_FOUND"),
    ],
)
async def test_a_refused_operation_ends_alone(
    live: Served, alice: Tenant, document: str, variables: dict[str, Any], code: str
) -> None:
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(document, **variables)
        error = await refused(talk, code)
        assert error["extensions"]["requestId"]
        await talk.silent()


async def test_a_token_without_the_scope_follows_nothing(live: Served, bob: Tenant) -> None:
    platform = live.site.platform
    _, token = await api_token_of(platform, bob.someone, scopes=["domains:read"], categories=["user"])
    before = await live.events(bob, "orderProgress")
    async with live.talk(token.text) as talk:
        for document in (ORDER, CERTIFICATES):
            await talk.subscribe(document, **({"id": bob.ids["Order"]} if document == ORDER else {}))
            error = await refused(talk, "ACCESS_DENIED")
            assert error["extensions"]["missing"] == ["certificates:read"]
        await live.followers(0)
    assert await live.events(bob, "orderProgress") == before + 1


async def test_what_an_event_would_cost_and_show_is_explained(live: Served, alice: Tenant) -> None:
    payload = {"query": CERTIFICATES, "extensions": {"explain": True}}
    async with live.talk(alice.api_token) as talk:
        await talk.send({"type": "subscribe", "id": "one", "payload": payload})
        message = await talk.receive()
        explained = message["payload"]["extensions"]["explain"]
        assert explained["cost"] > 0
        assert message["payload"]["data"] is None
        assert await talk.receive() == {"type": "complete", "id": "one"}
        await live.followers(0)


async def test_where_documents_are_loaded_beforehand_a_page_sends_no_other(live: Served, alice: Tenant) -> None:
    """The switch holds for sockets, too: for cookies, not for API tokens."""
    own = replace(live.endpoint.live, documents=Documents(only=True))
    async with live.behind(own) as strict:
        cookie = alice.browser.headers()["cookie"]
        async with strict.raw(additional_headers={"cookie": cookie}, origin=ORIGIN) as talk:
            await talk.send({"type": "connection_init"})
            await talk.receive()
            for document in ("{ me { id } }", CERTIFICATES):
                await talk.subscribe(document)
                await refused(talk, "DOCUMENT_NOT_TRUSTED")
        async with strict.talk(alice.api_token) as talk:
            await talk.subscribe("{ me { id } }")
            await talk.data()


async def test_events_are_charged(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        for state in ("VALIDATING", "INVALID"):
            cost = (await talk.receive())["payload"]["extensions"]["cost"]
            assert cost["actual"] > 0
            await live.move(order_id, state=state)
        await talk.data()


async def test_a_change_by_socket_is_a_change(live: Served, alice: Tenant) -> None:
    document = "mutation($input: AddDomainInput!) { addDomain(input: $input) { domain { name } errors { code } } }"
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(document, input={"name": "by-socket.example.org"})
        assert (await talk.data())["addDomain"] == {"domain": {"name": "by-socket.example.org"}, "errors": []}
        assert (await talk.receive())["type"] == "complete"


async def test_every_event_is_recorded_before_it_is_sent(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)
    async with live.talk(alice.api_token) as talk:
        before = await live.events(alice, "orderProgress")
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        for number, state in enumerate(("VALIDATING", "FINALIZING", "INVALID"), start=1):
            await talk.data()
            assert await live.events(alice, "orderProgress") == before + number
            await live.move(order_id, state=state)
        await talk.data()


async def test_without_a_record_nothing_is_told(own_live: Served) -> None:
    alice = await tenant(own_live.site, "canaryalice")
    order_id = await own_live.order(alice)
    async with own_live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        await talk.data()
        async with own_live.site.superuser() as connection:
            await connection.execute("alter table audit_event rename to audit_event_away")
        await own_live.move(order_id, state="VALIDATING")
        error = await refused(talk, "AUDIT_UNAVAILABLE")
        assert alice.canary not in str(error)
        await own_live.followers(0)
        await talk.silent()


async def test_a_database_that_is_away_ends_the_operation_and_not_the_socket(own_live: Served) -> None:
    alice = await tenant(own_live.site, "canaryalice")
    name = own_live.site.core.urls.owner.database
    async with own_live.talk(alice.api_token) as talk, own_live.site.server() as server:
        await server.execute(f'alter database "{name}" connection limit 0')
        await server.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        await talk.subscribe(ORDER, id=alice.ids["Order"])
        await refused(talk, "UNAVAILABLE")
        await server.execute(f'alter database "{name}" connection limit -1')
        await talk.subscribe("{ me { id } }")
        await talk.data()


async def test_operations_of_a_socket_are_counted(live: Served, alice: Tenant) -> None:
    async with live.with_limits(operations=3) as narrow, narrow.talk(alice.api_token) as talk:
        for number in range(4):
            await talk.subscribe(CERTIFICATES, str(number))
        await refused(talk, "TOO_MANY_OPERATIONS", "3")
        await talk.send({"type": "complete", "id": "1"})
        await talk.subscribe(CERTIFICATES, "3")
        await talk.silent()
        await live.followers(3)


async def test_what_is_open_is_counted(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)

    async def counted() -> str:
        return (await live.site.send("GET", "/metrics", address=("127.0.0.1", 1))).text

    assert "sslm_listening 1.0" in await counted()
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        await talk.data()
        text = await counted()
        assert 'sslm_open_connections{transport="socket"} 1.0' in text
        assert 'sslm_live_answers_total{outcome="sent",transport="socket"}' in text
        assert 'sslm_operations_total{operation="orderProgress",outcome="answered"}' in text
        assert alice.canary not in text
