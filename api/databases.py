"""Bring the databases up before anything else: the embedded server or a named one, roles, migrations, safety checks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError

from api.db import embedded
from api.db.migrations import upgrade_from_loop
from api.db.placement import DatabaseUnavailable
from api.db.roles import prepare
from api.db.safety import check
from api.db.urls import DatabaseUrls, derive_urls
from api.settings import Settings

_log = structlog.get_logger("api.databases")


@asynccontextmanager
async def open_databases(settings: Settings) -> AsyncIterator[DatabaseUrls]:
    """Yield the addresses of ready, migrated and checked databases; stop an embedded server that nobody else uses.

    With `DATABASE_URL` the server is somebody else's, and that login must be one that may make roles and databases.
    """
    named = str(settings["DATABASE_URL"])
    server = None if named else await asyncio.to_thread(embedded.start, settings["SSLM_VAR"] / "postgres")
    base = server.superuser_url if server is not None else named
    keys_base = str(settings["KEYS_DATABASE_URL"]) or None
    try:
        urls = derive_urls(base, keys_base_url=keys_base)
        with _told(urls):
            await prepare(base, urls, keys_superuser_url=keys_base)
            await upgrade_from_loop(urls)
        await check(urls)
        _log.info("databases_ready", database=urls.application.database)
        yield urls
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


@contextmanager
def _told(urls: DatabaseUrls) -> Iterator[None]:
    """Say what is wrong with the server in words; the address is shown without its password."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        raise DatabaseUnavailable(
            f"The database at {urls.application.without_password()} cannot be used ({type(error).__name__}). "
            "Nothing was served or changed. Check that the server runs, that DATABASE_URL names a login which may make "
            "roles and databases, and that the network lets us through."
        ) from error
