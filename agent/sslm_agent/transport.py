"""One HTTP request to the platform: POST, bounded in time and size, no redirect followed, TLS always verified.

Only the platform's own address is ever contacted; proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import idna

from sslm_agent import __version__
from sslm_agent.errors import InvalidChoice, ServerAnswerInvalid, ServerFailed, ServerUnreachable

LARGEST_ANSWER = 1_000_000
_JSON_TYPES = ("application/graphql-response+json", "application/json")
_CONNECTING_SECONDS = 10.0
_WHOLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the platform is; made by `read_endpoint` only."""

    host: str
    port: int
    secure: bool
    path: str

    @property
    def shown(self) -> str:
        """The host and port, for messages."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, not yet believed."""

    status: int
    retry_at: datetime | None
    body: bytes


def read_endpoint(server_url: str) -> Endpoint:
    """Read the address the user gave; plain http is for this machine only, where nobody can listen in between."""
    try:
        parts = urlsplit(server_url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in {"https", "http"} or not host or parts.username or parts.query or parts.fragment:
        raise InvalidChoice(
            "--server is not an address of a server. Nothing was sent. Write https://host or https://host:port."
        )
    if not host.isascii():
        host = _ascii_host(host)
    secure = parts.scheme == "https"
    if not secure and not _is_loopback(host):
        raise InvalidChoice(
            f"http://{host} would send API tokens unencrypted. Nothing was sent. "
            "Use https:// (http is for this machine only)."
        )
    return Endpoint(host, port or (443 if secure else 80), secure, parts.path.rstrip("/") + "/graphql")


def _ascii_host(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise InvalidChoice("The host of --server is not a valid name. Nothing was sent. Correct it.") from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Transport:
    """Sends bodies to one endpoint. Each call uses a connection of its own; nothing is kept between calls."""

    def __init__(self, endpoint: Endpoint, *, ca_file: Path | None, seconds: float = _WHOLE_SECONDS) -> None:
        self._endpoint = endpoint
        self._seconds = seconds
        self._tls = _tls_context(ca_file) if endpoint.secure else None

    def post(self, body: bytes, api_token: str) -> Answer:
        """Send one body. `ServerUnreachable`: no complete answer, the request may still have had its effect."""
        headers = {
            "Accept": ", ".join(_JSON_TYPES),
            "Authorization": f"Bearer {api_token}",
            "Content-Type": "application/json",
            "User-Agent": f"sslm-agent/{__version__}",
        }
        connection = self._connection()
        try:
            with _deadline(self._dial(), self._seconds) as dialled:
                connection.sock = self._secured(dialled)
                connection.request("POST", self._endpoint.path, body, headers)
                with connection.getresponse() as response:
                    return self._read(response)
        except ssl.SSLCertVerificationError as error:
            raise ServerUnreachable(
                f"{self._endpoint.shown} could not prove who it is: {error.verify_message}. Nothing was sent. "
                "Check the address; for a private CA name its certificate by --ca-file when enrolling."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise ServerUnreachable(
                f"{self._endpoint.shown} gave no complete answer ({_reason(error)}). What was asked may or may not "
                "have been done. Run the command again: it goes on where it stopped.",
            ) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._endpoint.host, self._endpoint.port)
        return http.client.HTTPSConnection(self._endpoint.host, self._endpoint.port, context=self._tls)

    def _dial(self) -> socket.socket:
        return socket.create_connection(
            (self._endpoint.host, self._endpoint.port), timeout=min(_CONNECTING_SECONDS, self._seconds)
        )

    def _secured(self, dialled: socket.socket) -> socket.socket:
        dialled.settimeout(self._seconds)
        return dialled if self._tls is None else self._tls.wrap_socket(dialled, server_hostname=self._endpoint.host)

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110, 15.4
            raise ServerAnswerInvalid(
                f"{self._endpoint.shown} answered with a redirect, which is never followed. Nothing was changed here. "
                "Enrol with the address the platform itself gives."
            )
        media_type = (response.getheader("Content-Type") or "").split(";")[0].strip().lower()
        body = response.read(LARGEST_ANSWER + 1)
        if response.length and len(body) <= LARGEST_ANSWER:
            raise http.client.IncompleteRead(body, response.length)  # a sized read ends early without a word
        if len(body) > LARGEST_ANSWER:
            raise ServerAnswerInvalid(
                f"{self._endpoint.shown} sent more than an answer may hold. Nothing of it was used."
            )
        retry_at = _retry_at(response.getheader("Retry-After"))
        if media_type not in _JSON_TYPES:
            if response.status >= 500:  # noqa: PLR2004 - RFC 9110, 15.6: what stands before a platform that restarts
                raise ServerFailed(
                    f"{self._endpoint.shown} answered {response.status}: the platform is not there at the moment. "
                    "Run the command again later: it goes on where it stopped.",
                    server_code=f"HTTP_{response.status}",
                    retry_at=retry_at,
                )
            raise ServerAnswerInvalid(
                f"{self._endpoint.shown} answered {response.status} with something that is not GraphQL. "
                "Nothing of it was used. Check that --server is the platform's own address."
            )
        return Answer(response.status, retry_at, body)


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the system's CAs, or the private CA alone when one was named."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InvalidChoice(
            "The file of --ca-file holds no CA certificates in PEM form. Nothing was sent. Correct it."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@contextmanager
def _deadline(dialled: socket.socket, seconds: float) -> Iterator[socket.socket]:
    """Cut the connection when the whole exchange takes too long, however the bytes trickle in."""
    cut = threading.Event()
    handle = dialled.dup()

    def end() -> None:
        cut.set()
        try:
            handle.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield dialled
    except Exception as error:
        if cut.is_set():
            raise TimeoutError("the whole exchange took too long") from error
        raise
    else:
        if cut.is_set():
            raise TimeoutError("the whole exchange took too long")
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _retry_at(value: str | None) -> datetime | None:
    """Read Retry-After in both its forms as UTC (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.isascii() and value.isdigit() and len(value) < 8:  # noqa: PLR2004 - more than four months is no advice
        return datetime.now(UTC) + timedelta(seconds=int(value))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _reason(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
