"""The whole platform as one process has it, on a pair of databases of its own: the real composition root.

`site()` yields a `Site` to which requests are sent without a network. Mails go to a folder; no worker runs and no
certificate authority is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx
from sqlalchemy import event
from starlette.routing import BaseRoute

from api.app import Core, open_api, open_core
from api.auth.csrf import make_csrf_token
from api.db.urls import DatabaseUrl
from api.kit.derive import derive_secret
from api.settings import load
from governance.clock import Clock, ManualClock
from tests.integration.conftest import Platform
from tests.support.database import Cluster

ORIGIN = "http://localhost:8443"
CALLER = ("203.0.113.77", 50_123)
GRAPHQL_JSON = "application/graphql-response+json"


@dataclass(frozen=True)
class Browser:
    """A browser that is signed in: its session secret, and the CSRF token that belongs to it."""

    session_secret: str
    csrf_token: str

    def headers(self, **changed: str) -> dict[str, str]:
        sent = {
            "cookie": f"__Host-session={self.session_secret}; __Host-csrf={self.csrf_token}",
            "x-csrf-token": self.csrf_token,
            "origin": ORIGIN,
        }
        return {name: value for name, value in (sent | changed).items() if value}


@dataclass(frozen=True)
class Site:
    """The running application, and the databases below it."""

    core: Core
    app: Any
    cluster: Cluster

    def client(self, address: tuple[str, int] = CALLER) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=address)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    async def send(self, method: str, path: str, *, address: tuple[str, int] = CALLER, **more: Any) -> httpx.Response:
        async with self.client(address) as client:
            return await client.request(method, path, **more)

    async def post(self, body: Any, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """Send a GraphQL request; a dict becomes JSON, bytes go as they are."""
        content = {"json": body} if isinstance(body, dict) else {"content": body}
        sent = {"content-type": "application/json", "accept": GRAPHQL_JSON} | (headers or {})
        return await self.send("POST", "/graphql", headers=sent, **content, **more)

    async def ask(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        by: Browser | str | None = None,
        act_for: str | None = None,
    ) -> dict[str, Any]:
        """Run a document as a browser, with an API token, or as nobody; return the answer without `extensions`.

        `act_for` names a grant.
        """
        headers = by.headers() if isinstance(by, Browser) else {"authorization": f"Bearer {by}"} if by else {}
        headers |= {"sslm-act-for": act_for} if act_for is not None else {}
        response = await self.post({"query": document, "variables": variables or {}}, headers)
        answer = cast("dict[str, Any]", response.json())
        answer.pop("extensions", None)
        return answer

    def browser(self, session_secret: str) -> Browser:
        secret = derive_secret(self.core.secret, "csrf")
        return Browser(session_secret, make_csrf_token(secret, session_secret))

    @property
    def platform(self) -> Platform:
        """The parts under it, as service tests and factories take them."""
        core = self.core
        clock = cast("ManualClock", core.clock)
        return Platform(core.urls, core.engine, core.sessions, core.works, core.keys, core.sealer, clock)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the statements that the application sends to the main database."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(self.core.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.core.engine.sync_engine, "before_cursor_execute", note)

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        url = DatabaseUrl.parse(self.cluster.superuser_url).at(database=self.core.urls.owner.database)
        connection = await asyncpg.connect(url.plain)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def server(self) -> AsyncIterator[asyncpg.Connection]:
        """The superuser outside of the platform's databases, who can shut them."""
        connection = await asyncpg.connect(self.cluster.superuser_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def everything(self) -> dict[str, list[str]]:
        """Return every row of every table as text, for comparing before and after."""
        async with self.superuser() as connection:
            tables = await connection.fetch(
                "select table_name from information_schema.tables where table_schema = 'public'"
                " and table_type = 'BASE TABLE' order by 1"
            )
            dump = {}
            for (name,) in tables:
                rows = await connection.fetch(f'select t::text from "{name}" t')  # noqa: S608 - names of our own tables
                dump[name] = sorted(str(row[0]) for row in rows)
        return dump


@asynccontextmanager
async def site(
    cluster: Cluster, folder: Path, routes: Sequence[BaseRoute] = (), clock: Clock | None = None, **settings: str
) -> AsyncIterator[Site]:
    """Yield the platform on a fresh pair of databases, at the time of day unless `clock` says another."""
    with cluster.fresh() as urls:
        base = DatabaseUrl.parse(cluster.superuser_url).at(database=urls.owner.database)
        environ = {
            "SSLM_MODE": "development",
            "SSLM_SITE_URL": ORIGIN,
            "SSLM_VAR": str(folder),
            "DATABASE_URL": base.plain,
            "SSLM_ACME_DIRECTORY": "https://ca.invalid/dir",
            "SSLM_ALLOW_RESERVED_NAMES": "1",
        }
        async with open_core(load(environ | settings), clock) as core, open_api(core, routes) as app:
            yield Site(core, app, cluster)
