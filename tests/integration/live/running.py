"""The platform behind a real uvicorn on a free port, a client's socket on it, and rows that change as workers do it."""

from __future__ import annotations

import asyncio
import copy
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

import httpx
from sqlalchemy import insert, text, update
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from api.db.signals import Signals
from api.graphql.nodes import encode_id
from api.http.live import Live
from api.http.socket import SocketEndpoint
from api.http.socket_protocol import SUBPROTOCOL
from api.models import CertificateRow, OrderId, OrderRow
from api.server import Server, _config
from api.viewer import Role, Viewer
from governance.ids import new_id
from tests.support.platform import Site
from tests.support.tenants import Tenant, _certificate, _order, _validity

PATIENCE = 10.0
ORDER = "subscription Follow($id: ID!) { orderProgress(orderId: $id) { id state names endedAt } }"
CERTIFICATES = "subscription { certificateProgress { id names revokedAt installations { targetName } } }"


@dataclass(frozen=True)
class Served:
    """A site, and where it listens."""

    site: Site
    port: int
    server: Server

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @asynccontextmanager
    async def raw(self, *, protocols: tuple[str, ...] = (SUBPROTOCOL,), **more: Any) -> AsyncIterator[Talk]:
        """A socket that has said nothing yet."""
        async with connect(self.socket_url, subprotocols=protocols or None, proxy=None, **more) as opened:  # type: ignore[arg-type]
            yield Talk(opened)

    @asynccontextmanager
    async def talk(self, api_token: str, **payload: str) -> AsyncIterator[Talk]:
        """A socket that was acknowledged."""
        async with self.raw() as talk:
            await talk.initialise(api_token, **payload)
            yield talk

    @asynccontextmanager
    async def stream(
        self, document: str, by: str, *, act_for: str | None = None, **variables: Any
    ) -> AsyncIterator[Events]:
        headers = {"authorization": f"Bearer {by}", "accept": "text/event-stream"}
        headers |= {"sslm-act-for": act_for} if act_for is not None else {}
        body = {"query": document, "variables": variables}
        async with (
            httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client,
            client.stream("POST", self.url, json=body, headers=headers) as response,
        ):
            yield Events(response)

    async def change(self, statement: Any) -> None:
        async with self.site.core.works.open(Viewer(Role.JOB)) as work:
            await work.session.execute(statement)

    async def order(self, whose: Tenant, **columns: Any) -> OrderId:
        """Write an order that waits."""
        row_id, name = OrderId(new_id(self.site.core.clock)), f"{whose.canary}.example.org"
        values = _order(row_id, None, whose.canary, name) | {"state": "PENDING", "phase": "pending", "problem": None}
        own = {"account_id": whose.someone.account_id, "created_at": self.site.core.clock.now()}
        await self.change(insert(OrderRow).values(values | own | columns))
        await self.heard()
        return row_id

    async def move(self, row_id: OrderId, **columns: Any) -> None:
        await self.change(update(OrderRow).where(OrderRow.id == row_id).values(columns))

    async def certificate(self, whose: Tenant) -> UUID:
        row_id, now = new_id(self.site.core.clock), self.site.core.clock.now()
        own = {"account_id": whose.someone.account_id, "created_at": now}
        values = _certificate(row_id, whose.canary, f"{whose.canary}.example.org") | _validity(now) | own
        values["fingerprint_sha256"] = row_id.hex * 2
        await self.change(insert(CertificateRow).values(values))
        await self.heard()
        return row_id

    async def heard(self) -> None:
        """Wait until whatever was announced so far was heard; notices come in the order of their commits."""
        last = new_id(self.site.core.clock)
        notice = {"kind": "last", "id": str(last), "account_id": str(last)}
        with self.signals.following("last", last) as follower:
            await self.change(text("select pg_notify('sslm_progress', :notice)").bindparams(notice=json.dumps(notice)))
            async with asyncio.timeout(PATIENCE):
                await follower.wake()  # by the notice, or because the connection was lost and is there again

    @property
    def signals(self) -> Signals:
        made: Any = self.endpoint.live.make_context(Viewer(Role.JOB), {})
        found: Signals = made.services.signals
        return found

    async def events(self, whose: Tenant, operation: str) -> int:
        """Count the durable audit records of an operation by one person."""
        async with self.site.superuser() as connection:
            found = await connection.fetchval(
                "select count(*) from audit_event where actor = $1 and header like $2",
                whose.someone.person.pseudonym,
                f'%"{operation}"%',
            )
        return int(found)

    async def followers(self, count: int) -> None:
        """Wait until so many follow something."""
        signals = self.signals
        async with asyncio.timeout(PATIENCE):
            while signals.count != count:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)

    @property
    def endpoint(self) -> SocketEndpoint:
        found: SocketEndpoint = self.site.app._app._socket
        return found

    @contextmanager
    def notices_alone(self) -> Iterator[None]:
        """Have the watch look at credentials for no other reason than a notice."""
        watch = self.endpoint.live.watch
        watch._next_at += timedelta(hours=1)
        watch._every, before = 3600.0, watch._every
        try:
            yield
        finally:
            watch._every, watch._next_at = before, self.site.core.clock.now()
            watch.look_again()
            watch._asked.set()

    async def settled(self) -> None:
        """Wait until whatever was announced of credentials so far was heard, and nobody is in doubt any more."""
        await self.heard()
        async with asyncio.timeout(PATIENCE):
            while self.endpoint.live.watch._doubted:  # noqa: ASYNC110 - the product has no use for an event
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def with_limits(self, **limits: Any) -> AsyncIterator[Served]:
        """The same platform behind a second server, with other limits."""
        live = self.endpoint.live
        async with self.behind(replace(live, limits=replace(live.limits, **limits))) as there:
            yield there

    @asynccontextmanager
    async def behind(self, live: Live) -> AsyncIterator[Served]:
        """The same platform behind a second server, with other parts."""
        app = copy.copy(self.site.app)
        app._app = copy.copy(app._app)
        app._app._socket = replace(self.endpoint, live=live, _open=set())
        app._app._stream = replace(app._app._stream, live=live, _open=set())
        async with served(replace(self.site, app=app)) as there:
            yield there


@dataclass
class Talk:
    """One socket, spoken to message by message."""

    socket: ClientConnection

    async def send(self, message: Any) -> Self:
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        return self

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            message = await self.socket.recv()
        assert isinstance(message, str)
        found: dict[str, Any] = json.loads(message)
        return found

    async def initialise(self, api_token: str, **payload: str) -> None:
        await self.send({"type": "connection_init", "payload": {"authorization": f"Bearer {api_token}"} | payload})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, document: str, operation_id: str = "one", **variables: Any) -> Self:
        payload = {"query": document, "variables": variables}
        return await self.send({"type": "subscribe", "id": operation_id, "payload": payload})

    async def data(self, operation_id: str = "one") -> dict[str, Any]:
        """Receive a result."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", operation_id), message
        assert "errors" not in message["payload"], message
        found: dict[str, Any] = message["payload"]["data"]
        return found

    async def closed(self) -> tuple[int, str]:
        """Wait for the close frame; return its code and reason, and fail for any message before it."""
        try:
            message = await self.receive()
        except ConnectionClosed as error:
            assert error.rcvd is not None  # noqa: PT017 - the close frame is what is asked for
            return error.rcvd.code, error.rcvd.reason
        raise AssertionError(message)

    async def silent(self) -> None:
        """Say something that is answered, and see that nothing else came before the answer."""
        await self.send({"type": "ping"})
        assert await self.receive() == {"type": "pong"}


class Events:
    """One event stream, read event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Any]:
        """Return the next event's name and data; comments are passed over."""
        name = ""
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data:"):
                    text = line.removeprefix("data:").strip()
                    return name, json.loads(text) if text else None
        raise EOFError

    async def comment(self) -> str:
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith(":"):
                    return line
        raise EOFError


def node_id(kind: str, row_id: UUID) -> str:
    return str(encode_id(kind, row_id))


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[Served]:
    """Serve a site on a free port in this loop, as `api.server` does it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(_config(site.core.settings, site.app))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn tells of it by an attribute alone
            await asyncio.sleep(0.01)
        yield Served(site, listening.getsockname()[1], server)
    finally:
        server.should_exit = True
        await task
        listening.close()
