"""The process stops while connections are open: everybody is told, and nothing waits for them."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.app import open_core
from api.db.urls import DatabaseUrl
from api.http.socket_protocol import SUBPROTOCOL
from api.server import serve
from api.settings import load
from tests.integration.auth.people import api_token_of, holder
from tests.integration.live.running import CERTIFICATES, PATIENCE
from tests.support.database import Cluster
from tests.support.platform import Site


async def test_a_server_that_stops_waits_for_nobody(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.fresh() as urls, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        base = DatabaseUrl.parse(cluster.superuser_url).at(database=urls.owner.database)
        environ = {"SSLM_MODE": "development", "SSLM_PORT": str(port), "SSLM_VAR": str(tmp_path)}
        async with open_core(load(environ | {"DATABASE_URL": base.plain})) as core:
            site = Site(core, None, cluster)
            someone = await holder(site.platform)
            _, token = await api_token_of(site.platform, someone, scopes=["certificates:read"])
            stop, ready = asyncio.Event(), asyncio.Event()
            serving = asyncio.create_task(serve(core, stop, api=True, worker=False, ready=ready))
            await ready.wait()
            await _stopped_by(stop, port, f"Bearer {token.text}")
            async with asyncio.timeout(PATIENCE):
                await serving


async def _stopped_by(stop: asyncio.Event, port: int, bearer: str) -> None:
    headers = {"authorization": bearer, "accept": "text/event-stream"}
    url = f"127.0.0.1:{port}/graphql"
    async with (
        connect(f"ws://{url}", subprotocols=[SUBPROTOCOL], proxy=None) as opened,  # type: ignore[list-item]
        httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client,
        client.stream("POST", f"http://{url}", json={"query": CERTIFICATES}, headers=headers) as response,
    ):
        await opened.send(json.dumps({"type": "connection_init", "payload": {"authorization": bearer}}))
        assert json.loads(await opened.recv()) == {"type": "connection_ack"}
        assert response.status_code == 200
        stop.set()
        with pytest.raises(ConnectionClosed) as closed:
            await opened.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert "event:" not in (await response.aread()).decode()
