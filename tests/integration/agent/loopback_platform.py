"""A server on the loopback that executes the published schema: real HTTP, real signatures, real challenge look-ups.

It is not the platform; the e2e tests have that. It exists to be hostile, to be killed beside, and to keep every byte.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from graphql import GraphQLError, build_schema, graphql_sync

from tests.unit.agent.authority import authority

SCHEMA = build_schema((Path(__file__).parents[2] / "unit" / "agent" / "contract.graphql").read_text())
AGENT_SECRET = "sslm_" + "A" * 30 + "aaaaaa"
HOLDER_SECRET = "sslm_" + "H" * 30 + "hhhhhh"
THUMBPRINT = "t" * 43
NEXT_STATE = {"REQUESTED": "PENDING", "VALIDATING": "FINALIZING", "FINALIZING": "VALID"}

Visible = Callable[[str, str], bool]


def error(kind: str, code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"__typename": kind, "code": code, "message": message, "field": None, "retryAt": None} | more


@dataclass
class Platform:
    """State and behaviour; tests change the callables to misbehave."""

    visible: Visible = lambda _name, _value: True
    chain: Callable[[x509.CertificateSigningRequest, list[str]], bytes] = field(
        default=lambda csr, names: authority().issue(csr.public_key(), names)
    )
    before: Callable[[str], None] = lambda _operation: None
    after: Callable[[str], None] = lambda _operation: None
    refuse: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, Any] | None = None
    url: str = ""

    def answer(self, body: bytes, bearer: str) -> dict[str, Any]:
        self.bodies.append(body)
        content = json.loads(body)
        operation = content["operationName"]
        self.before(operation)
        wanted = HOLDER_SECRET if operation == "EnrolAgent" else AGENT_SECRET
        if bearer != f"Bearer {wanted}":
            return {"errors": [{"message": "Who is asking?", "extensions": {"code": "UNAUTHENTICATED"}}]}
        result = graphql_sync(
            SCHEMA,
            content["query"],
            root_value=self._root(),
            variable_values=content["variables"],
            operation_name=operation,
        )
        self.after(operation)
        return dict(result.formatted)

    def operations(self) -> list[str]:
        return [json.loads(body)["operationName"] for body in self.bodies]

    def variables(self, operation: str) -> dict[str, Any]:
        contents = [json.loads(body) for body in self.bodies]
        found = [content["variables"] for content in contents if content["operationName"] == operation]
        return dict(found[-1])

    def _root(self) -> dict[str, Any]:
        def mutation(name: str, act: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
            def resolve(_info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
                refused = self.refuse.get(name)
                return {"errors": refused} if refused else act(input) | {"errors": []}

            return resolve

        return {
            "node": lambda _info, **values: self._order(values["id"]),
            "orderNotices": lambda _info, names: self._notices(names),
            "enrolAgent": mutation("enrolAgent", lambda _: {"agent": {"id": "agent-1"}, "secret": AGENT_SECRET}),
            "addDomain": lambda _info, **values: self._add_domain(values["input"]["name"]),
            "orderCertificate": mutation("orderCertificate", self._order_certificate),
            "confirmChallenges": mutation("confirmChallenges", self._confirm),
            "reportAgent": mutation("reportAgent", self._report),
        }

    def _notices(self, names: list[str]) -> dict[str, Any]:
        public = {
            "version": "ct-3",
            "text": "These names become public for ever.",
            "policyUrl": None,
            "acknowledged": False,
        }
        authority_notice = public | {
            "version": "ca-7",
            "text": "The CA keeps records.",
            "policyUrl": "https://ca.test/p",
        }
        warnings = [{"name": name, "text": "looks private"} for name in names if name.startswith("vpn.")]
        return {"certificateTransparency": public, "certificateAuthority": authority_notice, "warnings": warnings}

    def _add_domain(self, name: str) -> dict[str, Any]:
        if name in self.domains:
            return {"errors": [error("Conflict", "DOMAIN_EXISTS", "It is there already.")]}
        self.domains.add(name)
        return {"domain": {"id": name, "name": name}, "errors": []}

    def _order_certificate(self, values: dict[str, Any]) -> dict[str, Any]:
        key = values["idempotencyKey"]
        if key not in self.orders:
            csr = x509.load_pem_x509_csr(values["csr"].encode())
            names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            self.orders[key] = self._new_order(
                f"order-{len(self.orders) + 1}", values, csr, list(names.get_values_for_type(x509.DNSName))
            )
        elif self.orders[key]["values"] != values:
            raise GraphQLError("the idempotency key was used with another input")
        return {"order": self.orders[key]}

    def _new_order(
        self, order_id: str, values: dict[str, Any], csr: x509.CertificateSigningRequest, names: list[str]
    ) -> dict[str, Any]:
        return {
            "__typename": "Order",
            "id": order_id,
            "state": "REQUESTED",
            "names": names,
            "values": values,
            "csr": csr,
            "confirmed": 0,
            "authorizations": [self._authorization(order_id, name) for name in names],
        }

    def _authorization(self, order_id: str, name: str) -> dict[str, Any]:
        base = name.removeprefix("*.")
        challenge_token = hashlib.sha256(f"{order_id}{name}".encode()).hexdigest()
        http = {
            "type": "HTTP_01",
            "status": "pending",
            "httpPath": f"/.well-known/acme-challenge/{challenge_token}",
            "httpContent": f"{challenge_token}.{THUMBPRINT}",
        }
        dns = {
            "type": "DNS_01",
            "status": "pending",
            "dnsName": f"_acme-challenge.{base}",
            "dnsValue": challenge_token[:43],
        }
        wildcard = name.startswith("*.")
        offered = [dns] if wildcard else [http, dns]
        return {"name": base, "wildcard": wildcard, "status": "pending", "challenges": offered}

    def _order(self, order_id: str) -> dict[str, Any] | None:
        found = [order for order in self.orders.values() if order["id"] == order_id]
        if not found:
            return None
        order = found[0]
        if order["state"] == "VALIDATING":
            self._validate(order)
        order["state"] = NEXT_STATE.get(order["state"], order["state"])
        if order["state"] == "VALID" and "certificate" not in order:
            self._issue(order)
        return order

    def _validate(self, order: dict[str, Any]) -> None:
        wanted = order["values"]["challengeType"]
        for authorization in order["authorizations"]:
            challenge = next(item for item in authorization["challenges"] if item["type"] == wanted)
            place = challenge["httpPath" if wanted == "HTTP_01" else "dnsName"]
            content = challenge["httpContent" if wanted == "HTTP_01" else "dnsValue"]
            if not self.visible(place, content) or self.problem:
                order["state"] = "INVALID"
                order["problem"] = self.problem
            authorization["status"] = "valid"

    def _issue(self, order: dict[str, Any]) -> None:
        chain = self.chain(order["csr"], order["names"])
        try:
            fingerprint = x509.load_pem_x509_certificate(chain).fingerprint(hashes.SHA256()).hex()
        except ValueError:
            fingerprint = "0" * 64
        order["certificate"] = {
            "id": f"certificate-of-{order['id']}",
            "fingerprintSha256": fingerprint,
            "chainPem": chain.decode(),
        }

    def _confirm(self, values: dict[str, Any]) -> dict[str, Any]:
        order = next(order for order in self.orders.values() if order["id"] == values["orderId"])
        order["confirmed"] += 1
        if order["state"] == "PENDING":
            order["state"] = "VALIDATING"
        return {"order": order}

    def _report(self, values: dict[str, Any]) -> dict[str, Any]:
        self.reports.append(values)
        return {"agent": {"id": values["agentId"]}}


class Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is what some tests are about."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = Quiet(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running(platform: Platform, context: ssl.SSLContext | None = None) -> Iterator[Platform]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps(platform.answer(body, self.headers["Authorization"])).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/graphql-response+json; charset=utf-8")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with serving(Handler, context) as port:
        platform.url = f"{'https://localhost' if context else 'http://127.0.0.1'}:{port}"
        yield platform
