"""A frontend as its developers would write one: GraphQL over https with cookies, nothing else."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

_CSRF: Final = "__Host-csrf"


class FrontendError(RuntimeError):
    """The platform answered with errors; the message repeats their texts."""


class Frontend:
    """One browser. Cookies stay in it; the CSRF token goes back in a header."""

    def __init__(self, url: str, root_path: Path, token: str | None = None) -> None:
        self._url = f"{url}/graphql"
        self._tls = ssl.create_default_context(cafile=str(root_path))
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self.cookies: list[str] = []

    async def __aenter__(self) -> Self:
        # The demo's address is an IP address, whose cookies the library keeps only when told to.
        jar = aiohttp.CookieJar(unsafe=True)
        self._session = aiohttp.ClientSession(cookie_jar=jar, headers={"User-Agent": "Demo browser"})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Return the data; errors at the top, and errors in a mutation's payload, raise `FrontendError`."""
        if self._session is None:
            raise RuntimeError("open the frontend first")
        headers = {"Accept": "application/graphql-response+json"}
        csrf = next((cookie.value for cookie in self._session.cookie_jar if cookie.key == _CSRF), None)
        if csrf:
            headers["X-CSRF-Token"] = csrf
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = {"query": document, "variables": variables}
        async with self._session.post(self._url, json=body, headers=headers, ssl=self._tls) as answer:
            self.cookies += answer.headers.getall("Set-Cookie", [])
            content: dict[str, Any] = await answer.json(content_type=None)
        problems = list(content.get("errors") or [])
        for payload in (content.get("data") or {}).values():
            if isinstance(payload, dict):
                problems += payload.get("errors") or []
        if problems:
            raise FrontendError("; ".join(str(problem["message"]) for problem in problems))
        data: dict[str, Any] = content["data"]
        return data
