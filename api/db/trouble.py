"""Tell a database that is away from a fault of ours: the caller may come back soon, and nothing needs mending here."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_AWAY = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


def database_is_away(error: BaseException | None) -> bool:
    """Look through what wraps it: a connection lost, refused or not to be had in time."""
    seen = 0
    while error is not None and seen < 8:  # noqa: PLR2004 - deeper wrapping than drivers and mappers make
        if isinstance(error, _AWAY) or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return True
        error, seen = error.__cause__ or getattr(error, "orig", None) or error.__context__, seen + 1
    return False
