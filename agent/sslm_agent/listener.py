"""http-01 by a listener of the agent's own: it knows the exact challenge paths and nothing else."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sslm_agent.challenges import HTTP_01, DnsChallenge, HttpChallenge
from sslm_agent.errors import InvalidChoice, PlacementFailed

_SLOW_READER_SECONDS = 10
_HIGHEST_PORT = 65535


def read_address(text: str, option: str) -> tuple[str, int]:
    """Read ADDRESS:PORT; an IPv6 address stands in brackets."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT):
        raise InvalidChoice(f"{option} is not ADDRESS:PORT. Nothing was done. Write it like 0.0.0.0:80 or [::]:80.")
    return host, int(port)


class _ChallengeServer(ThreadingHTTPServer):
    daemon_threads = True
    contents: dict[str, bytes]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a reader that went away is no event."""


class _Ipv6ChallengeServer(_ChallengeServer):
    address_family = socket.AF_INET6


class _Reader(BaseHTTPRequestHandler):
    timeout = _SLOW_READER_SECONDS
    server: _ChallengeServer

    def do_GET(self) -> None:
        """Answer an exact challenge path."""
        content = self.server.contents.get(self.path)
        self.send_response_only(200 if content is not None else 404)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing: who validates us is not ours to keep."""


class Listener:
    """Serves challenges on an address of this machine while an order is open."""

    challenge_type = HTTP_01

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._running: _ChallengeServer | None = None

    def place(self, challenges: tuple[HttpChallenge | DnsChallenge, ...], *, validating: bool) -> None:
        """Serve these challenges, and no others, from now on."""
        del validating
        contents = {item.path: item.content.encode() for item in challenges if isinstance(item, HttpChallenge)}
        if self._running is None:
            self._running = self._start(contents)
        else:
            self._running.contents = self._running.contents | contents

    def _start(self, contents: dict[str, bytes]) -> _ChallengeServer:
        kind = _Ipv6ChallengeServer if ":" in self._address[0] else _ChallengeServer
        try:
            server = kind(self._address, _Reader)
        except OSError as error:
            host, port = self._address
            raise PlacementFailed(
                f"{host}:{port} cannot be listened on: {error.strerror}. Nothing was confirmed. "
                "If a web server holds the port, use its folder by --webroot; ports under 1024 need root."
            ) from error
        server.contents = contents
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def remove(self) -> None:
        """Stop listening."""
        if self._running is not None:
            self._running.shutdown()
            self._running.server_close()
            self._running = None
