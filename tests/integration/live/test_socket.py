"""The protocol on a real socket: every close code, what is not the protocol's form, and who may open one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from api.http.socket_protocol import SUBPROTOCOL
from tests.integration.live.running import PATIENCE, Served
from tests.support.platform import ORIGIN
from tests.support.tenants import Tenant

INIT = {"type": "connection_init"}
MALFORMED: list[Any] = [
    "[]",
    "null",
    '"text"',
    "7",
    "no JSON",
    '{"type":"ping","type":"pong"}',
    {},
    {"type": "connection_ack"},
    {"type": "next", "id": "1", "payload": {}},
    {"type": "start", "id": "1", "payload": {"query": "{ me { id } }"}},
    {"type": ["subscribe"]},
    INIT | {"payload": []},
    INIT | {"payload": "Bearer"},
    {"type": "ping", "payload": 1},
    {"type": "complete"},
    {"type": "complete", "id": 1},
    {"type": "subscribe", "payload": {"query": "{ me { id } }"}},
    {"type": "subscribe", "id": 1, "payload": {"query": "{ me { id } }"}},
    {"type": "subscribe", "id": "", "payload": {"query": "{ me { id } }"}},
    {"type": "subscribe", "id": "\ud800", "payload": {"query": "{ me { id } }"}},
    {"type": "subscribe", "id": "1"},
    {"type": "subscribe", "id": "1", "payload": "{ me { id } }"},
    {"type": "subscribe", "id": "1", "payload": {"query": 1}},
    {"type": "subscribe", "id": "1", "payload": {}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "variables": []}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "operationName": 1}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "extensions": "x"}},
]


@pytest.mark.parametrize("message", MALFORMED, ids=[json.dumps(one)[:60] for one in MALFORMED])
async def test_another_form_closes(live: Served, alice: Tenant, message: Any) -> None:
    async with live.raw() as before:
        await before.send(message)
        assert (await before.closed())[0] == 4400
    if isinstance(message, str) or message.get("type") != "connection_init":
        async with live.talk(alice.api_token) as after:
            await after.send(message)
            assert (await after.closed())[0] == 4400


async def test_binary_frames_close(live: Served) -> None:
    async with live.raw() as talk:
        await talk.send(json.dumps(INIT).encode())
        assert await talk.closed() == (4400, "Messages are text, not binary")


async def test_operations_wait_for_the_acknowledgement(live: Served) -> None:
    async with live.raw() as talk:
        await talk.subscribe("{ me { id } }")
        assert await talk.closed() == (4401, "Unauthorized")


async def test_a_second_initialisation_closes(live: Served, alice: Tenant) -> None:
    async with live.talk(alice.api_token) as talk:
        await talk.send(INIT)
        assert await talk.closed() == (4429, "Too many initialisation requests")
    async with live.raw() as talk:
        await talk.send(INIT | {"payload": {"authorization": f"Bearer {alice.api_token}"}})
        await talk.send(INIT)
        code = None
        while code is None:
            try:
                code = (await talk.closed())[0]
            except AssertionError as acknowledged:
                assert acknowledged.args[0] == {"type": "connection_ack"}  # noqa: PT017 - it may come first
        assert code == 4429


async def test_an_id_is_one_operation(live: Served, alice: Tenant) -> None:
    document = "subscription($id: ID!) { certificateProgress(certificateId: $id) { id } }"
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(document, "twice", id=alice.ids["Certificate"])
        await talk.subscribe(document, "twice", id=alice.ids["Certificate"])
        code = None
        while code is None:
            try:
                code = await talk.closed()
            except AssertionError:
                continue
        assert code == (4409, "Subscriber for twice already exists")


async def test_an_id_is_free_again_after_its_operation(live: Served, alice: Tenant) -> None:
    document = "subscription($id: ID!) { certificateProgress(certificateId: $id) { id } }"
    async with live.talk(alice.api_token) as talk:
        for _ in range(3):
            await talk.subscribe(document, id=alice.ids["Certificate"])
            await talk.data()
            await talk.send({"type": "complete", "id": "one"})
        await live.followers(0)
        await talk.silent()


async def test_who_says_nothing_is_let_go(live: Served) -> None:
    async with live.with_limits(init_seconds=0.2) as hasty, hasty.raw() as talk:
        assert await talk.closed() == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_another_subprotocol_closes(live: Served, protocols: tuple[str, ...]) -> None:
    async with live.raw(protocols=protocols) as talk:
        assert await talk.closed() == (4406, "Subprotocol not acceptable")


async def test_a_long_message_closes(live: Served, alice: Tenant) -> None:
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe("{ me { id } }" + " " * (64 << 10))
        assert (await talk.closed())[0] == 1009
    async with live.with_limits(message_bytes=1000) as narrow, narrow.talk(alice.api_token) as talk:
        await talk.subscribe("{ me { id } }" + "ü" * 600)
        assert await talk.closed() == (1009, "Message too large")


async def test_too_many_messages_close(live: Served) -> None:
    async with live.with_limits(messages_at_once=5, messages_a_second=0.001) as strict, strict.raw() as talk:
        for _ in range(5):
            await talk.silent()
        await talk.send({"type": "ping"})
        assert await talk.closed() == (1008, "Too many messages")


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"authorization": ""}, {"authorization": 7}, {"authorization": "Bearer sslm_x"}, {"token": "x"}],
)
async def test_nobody_is_refused(live: Served, payload: Any) -> None:
    async with live.raw() as talk:
        await talk.send(INIT | ({"payload": payload} if payload is not None else {}))
        assert await talk.closed() == (4403, "Forbidden")


async def test_the_ways_in(live: Served, alice: Tenant) -> None:
    bearer, cookie = f"Bearer {alice.api_token}", alice.browser.headers()["cookie"]
    ways: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"payload": {"authorization": bearer}}, {}),
        ({"payload": {"Authorization": bearer}}, {}),
        ({}, {"additional_headers": {"authorization": bearer}}),
        ({}, {"additional_headers": {"cookie": cookie}, "origin": ORIGIN}),
    ]
    for message, handshake in ways:
        async with live.raw(**handshake) as talk:
            await talk.send(INIT | message)
            assert await talk.receive() == {"type": "connection_ack"}
            await talk.subscribe("{ me { email } }")
            assert await talk.data() == {"me": {"email": f"{alice.canary}@example.org"}}
            assert await talk.receive() == {"type": "complete", "id": "one"}


async def test_a_cookie_counts_for_our_own_page_alone(live: Served, alice: Tenant) -> None:
    cookie = alice.browser.headers()["cookie"]
    async with live.raw(additional_headers={"cookie": cookie}) as talk:
        await talk.send(INIT)
        assert await talk.closed() == (4403, "Forbidden")
    for origin in ("https://evil.example", "null", ORIGIN + ".evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            async with live.raw(additional_headers={"cookie": cookie}, origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_other_paths_have_no_socket(live: Served) -> None:
    for path in ("/", "/graphiql", "/healthz"):
        url = live.socket_url.replace("/graphql", path)
        async with httpx.AsyncClient(trust_env=False) as client:
            upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
            answer = await client.get(
                url.replace("ws://", "http://"), headers=upgrade | {"sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="}
            )
        assert answer.status_code == 403


async def test_places_are_counted(live: Served, alice: Tenant) -> None:
    endpoint = live.endpoint
    limit = endpoint.live.limits.of_a_caller
    person = alice.someone.person.id
    held = [live.talk(alice.api_token) for _ in range(limit)]
    try:
        for one in held:
            await one.__aenter__()
        assert endpoint.live.callers.count(person) == limit
        async with live.raw() as talk:
            await talk.send(INIT | {"payload": {"authorization": f"Bearer {alice.api_token}"}})
            assert await talk.closed() == (1013, "Try again later")
    finally:
        for one in held:
            await one.__aexit__(None, None, None)
    async with live.talk(alice.api_token):
        assert endpoint.live.callers.count(person) == 1


async def test_silent_sockets_of_an_address_are_counted(live: Served) -> None:
    held = [live.raw() for _ in range(live.endpoint.live.limits.waiting_at_an_address)]
    try:
        for one in held:
            await one.__aenter__()
        with pytest.raises(InvalidStatus) as refused:
            async with live.raw():
                pass
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["retry-after"] == "60"
    finally:
        for one in held:
            await one.__aexit__(None, None, None)


async def test_a_client_that_does_not_read_is_let_go(live: Served, alice: Tenant) -> None:
    """The server below never gets rid of a message; the socket is closed, and everything it held is left."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            await asyncio.Event().wait()

    scope = {"type": "websocket", "path": "/graphql", "headers": [], "client": ("127.0.0.1", 1)}
    inbox.put_nowait({"type": "websocket.connect"})
    greeting = INIT | {"payload": {"authorization": f"Bearer {alice.api_token}"}}
    inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(greeting)})
    async with live.with_limits(send_seconds=0.2) as impatient:
        async with asyncio.timeout(PATIENCE):
            await impatient.site.app(scope | {"subprotocols": [SUBPROTOCOL]}, inbox.get, send)
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[-1]["code"] == 1013
    assert live.endpoint.live.callers.count(alice.someone.person.id) == 0
