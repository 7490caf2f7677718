from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sslm_agent.errors import ServerAnswerInvalid, ServerFailed, ServerUnreachable
from sslm_agent.server import Server
from sslm_agent.transport import LARGEST_ANSWER, Transport, read_endpoint

from tests.integration.agent.conftest import Run
from tests.integration.agent.loopback_platform import HOLDER_SECRET, Platform, running, serving
from tests.unit.agent.authority import authority, pem

Respond = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(respond: Respond) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            respond(self)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


def plain(status: int, body: bytes, **headers: str) -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return respond


class Instantly:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return 0.0

    def pause(self, seconds: float) -> None:
        pass


def ask(url: str, *, seconds: float = 20) -> object:
    transport = Transport(read_endpoint(url), ca_file=None, seconds=seconds)
    return Server(transport, "sslm_x", Instantly()).order("order-1")


HOSTILE_BODIES = [
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff\xfe",
    b'{"data": []}',
    b'{"data": {"node": "order"}}',
    b'{"data": {"node": []}}',
    b'{"data": {"node": {"__typename": "Agent", "id": "x"}}}',
    b'{"data": {"node": {"__typename": "Order", "id": 7, "state": "VALID"}}}',
    b'{"data": {"node": {"__typename": "Order", "id": "x", "state": null}}}',
    b'{"data": {"node": {"__typename": "Order", "id": "x", "state": "VALID", "authorizations": {}}}}',
    b'{"data": {"node": {"__typename": "Order", "id": "x", "state": "VALID", "nextActionAt": "soon"}}}',
    b'{"data": {"node": {"__typename": "Order", "id": "x", "state": "X", "nextActionAt": "0001-01-01T00:00+23:59"}}}',
    b'{"data": {"node": {"__typename": "Order", "id": "x", "state": "VALID", "certificate": {"id": "c"}}}}',
    b'{"data": {"node": {"__typename": "Order", "id": "x", "state": "VALID", "problem": {"type": true}}}}',
    b"[" * 200_000,
]


@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
def test_an_answer_of_wrong_shape_is_refused_whole(body: bytes) -> None:
    with answering(plain(200, body)) as url, pytest.raises(ServerAnswerInvalid):
        ask(url)


@pytest.mark.parametrize("errors", ["x", 7, {"a": 1}, [], [7], [{}], [{"message": 7, "extensions": "x"}]])
def test_failing_answers_of_any_shape_become_errors(errors: object) -> None:
    with answering(plain(500, json.dumps({"errors": errors}).encode())) as url, pytest.raises(ServerFailed):
        ask(url)


def test_html_is_not_graphql() -> None:
    page = b"<h1>Welcome</h1>"
    with (
        answering(plain(200, page, Content_Type="text/html")) as url,
        pytest.raises(ServerAnswerInvalid, match="not GraphQL"),
    ):
        ask(url)
    with answering(plain(502, page, Content_Type="text/html")) as url, pytest.raises(ServerFailed) as caught:
        ask(url)
    assert caught.value.server_code == "HTTP_502"


def test_a_redirect_is_not_followed() -> None:
    hits: list[str] = []
    with answering(lambda handler: hits.append(handler.path)) as other:
        for status in (301, 302, 303, 307, 308):
            with (
                answering(plain(status, b"", Location=f"{other}/graphql")) as url,
                pytest.raises(ServerAnswerInvalid, match="redirect"),
            ):
                ask(url)
    assert hits == []


@pytest.mark.parametrize("stated", [True, False])
def test_a_huge_body_is_cut_off(stated: bool) -> None:
    sent = 0

    def respond(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        if stated:
            handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(b" " * 100_000)
            sent += 100_000

    with answering(respond) as url, pytest.raises(ServerAnswerInvalid, match="more than"):
        ask(url)
    assert sent < 100 * LARGEST_ANSWER


@pytest.mark.parametrize("part", ["nothing", "headers", "body"])
def test_bytes_that_trickle_do_not_hold_the_agent(part: str) -> None:
    ended = threading.Event()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if part == "body":
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
        elif part == "headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not ended.wait(0.05):
            if part != "nothing":
                handler.wfile.write(b"a")

    try:
        with answering(respond) as url, pytest.raises(ServerUnreachable, match="timeout"):
            ask(url, seconds=0.3)
    finally:
        ended.set()


def test_a_broken_connection_and_no_server_are_unreachable() -> None:
    with answering(lambda handler: handler.connection.close()) as url, pytest.raises(ServerUnreachable):
        ask(url)
    with pytest.raises(ServerUnreachable):
        ask(url)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)), ("soon", None), ("-5", None)],
)
def test_retry_after_is_read_as_utc(value: str, expected: datetime | None) -> None:
    body = b'{"errors": [{"message": "too often", "extensions": {"code": "RATE_LIMITED"}}]}'
    with answering(plain(429, body, Retry_After=value)) as url, pytest.raises(ServerFailed) as caught:
        ask(url)
    assert (caught.value.server_code, caught.value.retry_at) == ("RATE_LIMITED", expected)


@pytest.fixture
def tls_files(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    private_key = ec.generate_private_key(ec.SECP256R1())
    chain, root, key = tmp_path / "chain.pem", tmp_path / "root.pem", tmp_path / "key.pem"
    chain.write_bytes(authority().issue(private_key.public_key(), ["localhost"]))
    root.write_bytes(pem(authority().root))
    key.write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context, root


def test_enrols_over_tls_of_a_private_ca_and_keeps_trusting_it(
    run: Run, tls_files: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    context, root = tls_files
    with running(Platform(), context) as platform:
        words = ("enrol", "--server", platform.url, "--ca-file", str(root))
        assert run(*words, SSLM_API_TOKEN=HOLDER_SECRET).returncode == 0
        root.unlink()
        done = run("certificate", "example.com", "--webroot", str(tmp_path), "--acknowledge-notices")
        assert done.returncode == 0, done.stderr


def test_an_unknown_ca_and_a_wrong_name_get_no_api_token(run: Run, tls_files: tuple[ssl.SSLContext, Path]) -> None:
    context, root = tls_files
    with running(Platform(), context) as platform:
        unknown = run("enrol", "--server", platform.url, SSLM_API_TOKEN=HOLDER_SECRET)
        wrong_name = run(
            "enrol", "--server", platform.url.replace("localhost", "127.0.0.1"), "--ca-file", str(root),
            SSLM_API_TOKEN=HOLDER_SECRET,
        )  # fmt: skip
        assert (unknown.returncode, wrong_name.returncode) == (4, 4)
        assert "could not prove who it is" in unknown.stderr
        assert platform.bodies == []
