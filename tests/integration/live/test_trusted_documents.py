"""Where trusted documents alone may run, they alone run on sockets and event streams too; and both know them by id."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from api.execution.trusted import document_id
from tests.integration.live.running import served
from tests.support.database import Cluster
from tests.support.platform import site
from tests.support.tenants import tenant

ME = "query Me { me { id } }"
OTHER = "query Other { me { id email } }"


async def test_a_socket_and_a_stream_run_what_is_trusted(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "me.graphql").write_text(ME)
    settings = {"SSLM_TRUSTED_DOCUMENTS_ONLY": "1", "SSLM_DOCUMENTS": str(folder)}
    async with site(cluster, tmp_path, **settings) as running, served(running) as there:
        alice = await tenant(running, "canarytrusted")
        own = {"data": {"me": {"id": alice.ids["Account"]}}}
        sent = {name: alice.browser.headers()[name] for name in ("cookie", "origin")}
        async with there.raw(additional_headers=sent) as browser:
            await browser.send({"type": "connection_init"})
            assert (await browser.receive())["type"] == "connection_ack"
            await browser.subscribe(OTHER)
            refused = await browser.receive()
            assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "DOCUMENT_NOT_TRUSTED")
            await browser.subscribe(ME, "two")
            assert (await browser.receive())["payload"].items() >= own.items()
        async with there.talk(alice.api_token) as talk:
            await talk.send({"type": "subscribe", "id": "1", "payload": {"query": "", "documentId": document_id(ME)}})
            assert (await talk.receive())["payload"].items() >= own.items()
        for document, code in ((OTHER, "DOCUMENT_NOT_TRUSTED"), (ME, None)):
            async with httpx.AsyncClient() as client:
                headers = alice.browser.headers() | {"accept": "text/event-stream"}
                answer = await client.post(there.url, json={"query": document}, headers=headers)
            if code is not None:
                assert answer.json()["errors"][0]["extensions"]["code"] == code
            else:
                (event,) = [line for line in answer.text.splitlines() if line.startswith("data: {")]
                assert json.loads(event.removeprefix("data: ")).items() >= own.items()
