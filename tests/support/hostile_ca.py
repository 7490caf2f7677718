"""A scripted certificate authority that misbehaves on demand. It is no real CA: Pebble is used where one can be.

It speaks RFC 8555 over plain HTTP on the loopback address, carries out what it is asked, and before or after
that does what its script says. It keeps books, so that a test can tell what reached it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from cryptography import x509

from governance.clock import Clock
from tests.unit.issuance.chain_factory import make_chain, wanted_by

if TYPE_CHECKING:
    from types import TracebackType

ACME = "urn:ietf:params:acme:error:"


@dataclass(frozen=True)
class Refuse:
    """Answer with a problem document and do nothing."""

    status: int
    kind: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hang:
    """Take the request and never answer."""


@dataclass(frozen=True)
class LoseAnswer:
    """Do what was asked, then cut the connection."""


@dataclass(frozen=True)
class Say:
    """Do what was asked, then answer with these bytes."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alter:
    """Do what was asked, then change the answer's document or headers."""

    change: Callable[[dict[str, Any], dict[str, str]], None]


Fault = Refuse | Hang | LoseAnswer | Say | Alter
Script = Callable[[str, int], Fault | None]
"""(endpoint, how often it was asked, counting from 1) → what goes wrong."""


def once(endpoint: str, fault: Fault) -> Script:
    """Misbehave the first time an endpoint is asked."""
    return lambda asked, count: fault if asked == endpoint and count == 1 else None


def always(endpoint: str, fault: Fault) -> Script:
    """Misbehave every time an endpoint is asked."""
    return lambda asked, _: fault if asked == endpoint else None


@dataclass
class HostileCa:
    """One name, one order at a time is enough; each newOrder makes a new order."""

    clock: Clock
    script: Script = lambda _endpoint, _count: None
    nonce_reject: float = 0.0
    validation_looks: int = 1
    chance: Random = field(default_factory=lambda: Random(8555))  # noqa: S311 - repeatable, not secret
    counts: Counter[str] = field(default_factory=Counter)
    reposts: list[str] = field(default_factory=list)
    finalized: list[str] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{endpoint}", self._serve)
        application.router.add_route("*", "/{endpoint}/{number}", self._serve)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        endpoint, number = request.match_info["endpoint"], request.match_info.get("number", "")
        self.counts[endpoint] += 1
        payload = self._opened(await request.read()) if request.method == "POST" else None
        if payload is not None and payload.pop("refused", False):
            return self._answer({"type": ACME + "badNonce"}, 400)
        fault = self.script(endpoint, self.counts[endpoint])
        if isinstance(fault, Refuse):
            return self._answer({"type": fault.kind, "detail": "as the script says"}, fault.status, fault.headers)
        if isinstance(fault, Hang):
            await asyncio.sleep(3600)
        status, document, headers = self._act(endpoint, number, payload or {})
        return self._misbehave(request, fault, status, document, headers)

    def _misbehave(
        self, request: web.Request, fault: Fault | None, status: int, document: Any, headers: dict[str, str]
    ) -> web.StreamResponse:
        match fault:
            case LoseAnswer():
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case Say():
                return self._answer(fault.body, fault.status, headers | fault.headers)
            case Alter():
                fault.change(document, headers)
        return self._answer(document, status, headers)

    def _opened(self, body: bytes) -> dict[str, Any]:
        """Read a signed request; say "refused" when the nonce is not one of ours, was used, or by chance."""
        document = json.loads(body)
        header = json.loads(_decoded(document["protected"]))
        known = header["nonce"] in self.nonces
        self.nonces.discard(header["nonce"])
        payload = json.loads(_decoded(document["payload"]) or b"{}")
        return payload | {"refused": not known or self.chance.random() < self.nonce_reject}

    def _answer(self, document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
        nonce = f"nonce-{self.chance.getrandbits(64):x}"
        self.nonces.add(nonce)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return web.Response(body=body, status=status, headers={"Replay-Nonce": nonce} | (headers or {}))

    def _act(  # noqa: PLR0911 - one line per endpoint
        self, endpoint: str, number: str, payload: dict[str, Any]
    ) -> tuple[int, Any, dict[str, str]]:
        match endpoint:
            case "directory":
                names = ("newNonce", "newAccount", "newOrder", "revokeCert")
                return 200, {name: f"{self.url}/{name}" for name in names}, {}
            case "newAccount":
                return 201, {"status": "valid"}, {"Location": f"{self.url}/account/1"}
            case "newOrder":
                return self._new_order(payload)
            case "authorization":
                return 200, self._authorization(number), {}
            case "challenge":
                return 200, self._challenge(number), {}
            case "finalize":
                return self._finalize(number, payload)
            case "order":
                self._sign(number)
                return 200, self._shown(number), {}
            case "certificate":
                return 200, self.orders[number]["chain"].encode(), {}
        return 200, {}, {}

    def _new_order(self, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        number = str(len(self.orders) + 1)
        name = payload["identifiers"][0]["value"]
        self.orders[number] = {"name": name, "status": "pending", "proof": "pending", "looks": self.validation_looks}
        return 201, self._shown(number), {"Location": f"{self.url}/order/{number}"}

    def _shown(self, number: str) -> dict[str, Any]:
        order = self.orders[number]
        shown = {
            "status": order["status"],
            "expires": (self.clock.now() + timedelta(days=7)).isoformat(),
            "identifiers": [{"type": "dns", "value": order["name"]}],
            "authorizations": [f"{self.url}/authorization/{number}"],
            "finalize": f"{self.url}/finalize/{number}",
        }
        return shown | ({"certificate": f"{self.url}/certificate/{number}"} if order["status"] == "valid" else {})

    def _authorization(self, number: str) -> dict[str, Any]:
        order = self.orders[number]
        if order["proof"] == "processing":
            order["looks"] -= 1
            if order["looks"] < 0:
                order["proof"], order["status"] = "valid", "ready"
        status = "pending" if order["proof"] == "processing" else order["proof"]
        offered = [self._offer(number, order["proof"])]
        return {"identifier": {"type": "dns", "value": order["name"]}, "status": status, "challenges": offered}

    def _offer(self, number: str, status: str) -> dict[str, Any]:
        return {"type": "http-01", "url": f"{self.url}/challenge/{number}", "token": "t" * 43, "status": status}

    def _challenge(self, number: str) -> dict[str, Any]:
        order = self.orders[number]
        if order["proof"] != "pending":
            self.reposts.append(f"{number} was {order['proof']}")
        order["proof"] = "processing"
        return self._offer(number, "processing")

    def _finalize(self, number: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        order = self.orders[number]
        self.finalized.append(payload["csr"])
        if order["status"] != "ready":
            return 403, {"type": ACME + "orderNotReady"}, {}
        order["status"], order["csr"] = "processing", _decoded(payload["csr"])
        return 200, self._shown(number), {}

    def _sign(self, number: str) -> None:
        order = self.orders[number]
        if order["status"] == "processing":
            names = x509.load_der_x509_csr(order["csr"]).extensions.get_extension_for_class(x509.SubjectAlternativeName)
            now = self.clock.now()
            wanted = wanted_by(
                order["csr"],
                tuple(names.value.get_values_for_type(x509.DNSName)),
                begin=now - timedelta(hours=1),
                end=now + timedelta(days=90),
            )
            order["chain"], order["status"] = make_chain(wanted), "valid"


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
