"""The wire between the platform and an authority: every byte that crosses it is seen, and it can be cut anywhere."""

from __future__ import annotations

import base64
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector, web

from api.issuance.authority import CaDescription
from api.issuance.pebble import CLIENTS_LIMIT, Pebble
from api.issuance.throwaway_tls import write_throwaway_tls
from governance.clock import SystemClock

_KINDS = {
    "nonce-plz": "newNonce",
    "sign-me-up": "newAccount",
    "order-plz": "newOrder",
    "authZ": "authorization",
    "chalZ": "challenge",
    "finalize-order": "finalize",
    "my-order": "order",
    "certZ": "certificate",
    "revoke-cert": "revoke",
    "dir": "directory",
}


@dataclass(frozen=True)
class Sent:
    """One request as it crossed the wire; `payload` is what was signed."""

    kind: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        if not self.body:
            return None
        text = json.loads(self.body)["payload"]
        return json.loads(_decode(text)) if text else None

    @property
    def clear(self) -> str:
        """Everything in it that could be read, signatures and encodings undone."""
        parts = [self.path, json.dumps(self.headers)]
        if self.body:
            outer = json.loads(self.body)
            parts += [_decode(outer["protected"]).decode(), _decode(outer["payload"]).decode()]
        return "\n".join(parts)


Cut = Callable[[Sent], Awaitable[bool]]
"""Asked before and after forwarding; True ends the connection without an answer."""


async def _never(sent: Sent) -> bool:
    return False


@dataclass
class Wire:
    """What was seen. `before` and `after` may cut: the authority then never saw the request, or its answer is lost."""

    port: int = 0
    root_path: Path = Path()
    sent: list[Sent] = field(default_factory=list)
    before: Cut = _never
    after: Cut = _never

    def description(self, name: str = "Pebble") -> CaDescription:
        return CaDescription(
            name, f"https://127.0.0.1:{self.port}/dir", self.root_path, in_flight=CLIENTS_LIMIT, timeout_seconds=20.0
        )

    def of_kind(self, kind: str) -> list[Sent]:
        return [each for each in self.sent if each.kind == kind]

    def finalized(self) -> Counter[str]:
        """Count what reached the authority, by order."""
        return Counter(each.path for each in self.of_kind("finalize"))


@asynccontextmanager
async def wire_to(pebble: Pebble, folder: Path) -> AsyncIterator[Wire]:
    """Stand between the platform and a Pebble, which makes its URLs from the Host header it gets."""
    write_throwaway_tls(folder, SystemClock().now())
    wire = Wire(root_path=folder / "tls-root.pem")
    upstream = pebble.directory_url.removesuffix("/dir")
    trust = ssl.create_default_context(cafile=pebble.root_path)
    async with ClientSession(connector=TCPConnector(ssl=trust, limit=CLIENTS_LIMIT), auto_decompress=False) as session:

        async def forward(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            kind = _KINDS.get(request.path.strip("/").split("/")[0], request.path)
            sent = Sent(kind, request.path, dict(request.headers), body)
            if await wire.before(sent):
                return _hang_up(request)
            wire.sent.append(sent)
            headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
            async with session.request(
                request.method, upstream + request.path, data=body or None, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                if await wire.after(sent):
                    return _hang_up(request)
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
                response = web.Response(status=answer.status, body=content, headers=kept)
                for link in answer.headers.getall("Link", [])[1:]:
                    response.headers.add("Link", link)
                return response

        application = web.Application(client_max_size=2**20)
        application.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(folder / "tls.pem", folder / "tls.key")
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        wire.port = runner.addresses[0][1]
        try:
            yield wire
        finally:
            await runner.cleanup()


_HOP = {"content-length", "connection", "transfer-encoding", "keep-alive"}


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
