"""HTTP to one authority and to nobody else.

The rule: every URL is compared with the authority's origin before a byte is sent; no redirect is followed, no
cookie kept, no proxy read from the environment, nothing decompressed, and every body is bounded in size and time.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from api.issuance.advice import advice
from api.issuance.authority import CaDescription
from api.issuance.errors import CaUnreachable
from api.issuance.problems import own_problem

BODY_LIMIT: Final = 256 * 1024
URL_LIMIT: Final = 2048
CONNECT_SECONDS: Final = 10.0
USER_AGENT: Final = "ssl-certificate-manager/0.1"

_URL = re.compile(r"[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]+\Z")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class ForeignUrl(CaUnreachable):
    """A URL that does not belong to the authority; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, complete."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Origin:
    """Scheme, host and port of the directory, in every spelling that means the same."""

    def __init__(self, directory_url: str) -> None:
        parts = urlsplit(directory_url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
            raise ValueError("a directory URL has a scheme, a host and no user")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        self._prefixes = [f"{parts.scheme}://{host}:{port}/"]
        if port == _DEFAULT_PORTS[parts.scheme]:
            self._prefixes.append(f"{parts.scheme}://{host}/")

    def check(self, url: str) -> str:
        """Return the URL if it is the authority's; raise `ForeignUrl` otherwise."""
        if len(url) <= URL_LIMIT and _URL.match(url) and any(url.startswith(prefix) for prefix in self._prefixes):
            return url
        problem = own_problem("foreign-url", "The authority named a URL that is not its own; nothing was sent there.")
        raise ForeignUrl(advice(problem), problem=problem)


class Transport:
    """Keep-alive connections to one authority, at most `description.in_flight` requests at a time."""

    def __init__(self, description: CaDescription) -> None:
        self.origin = Origin(description.directory_url)
        self._slots = asyncio.Semaphore(description.in_flight)
        connector = aiohttp.TCPConnector(limit=description.in_flight, ssl=_tls(description), ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=description.timeout_seconds, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def send(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """Send one request. Raise `CaUnreachable` when no complete answer came: what the authority did is unknown."""
        self.origin.check(url)
        headers = {"Content-Type": "application/jose+json"} if body is not None else None
        async with self._slots:
            try:
                target = URL(url, encoded=True)
                async with self._session.request(
                    method, target, data=body, headers=headers, allow_redirects=False
                ) as response:
                    return Answer(response.status, response.headers, await _bounded(response))
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise _unreachable("The authority did not answer completely.") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _unreachable(detail: str) -> CaUnreachable:
    problem = own_problem("unreachable", detail)
    return CaUnreachable(advice(problem), problem=problem)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or 0) > BODY_LIMIT:
        response.close()
        raise _unreachable("The authority's answer is too large.")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            response.close()
            raise _unreachable("The authority's answer is too large.")
    return bytes(body)


def _tls(description: CaDescription) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=description.trusted_root_path)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
