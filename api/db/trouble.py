"""Tell apart what went wrong with a statement: the database is away, a value cannot be held, or the fault is ours.

One rule: a value that no database can hold is the caller's, whether the server refuses it or the driver does before.
"""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_AWAY = (
    OSError,
    TimeoutError,
    PoolTimeout,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what the driver raises when a connection is cut in the middle of an answer
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)
_BAD_PARAMETER = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.InvalidTextRepresentationError,
    asyncpg.InvalidBinaryRepresentationError,
    asyncpg.ProgramLimitExceededError,
)


def database_is_away(error: BaseException | None) -> bool:
    """Look through what wraps it: a connection lost, refused or not to be had in time."""
    return any(_is_away(one) for one in _chain(error))


def is_bad_parameter(error: BaseException | None) -> bool:
    """Tell whether a parameter was one that PostgreSQL cannot hold: NUL, half a character, a number out of range."""
    return any(isinstance(one, _BAD_PARAMETER) or _refused_by_driver(one) for one in _chain(error))


def _is_away(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return bool(error.connection_invalidated)
    return isinstance(error, _AWAY)


def _refused_by_driver(error: BaseException) -> bool:
    """Recognise a value that could not be written down; one of the wrong type is a fault of ours."""
    return type(error) is asyncpg.DataError and isinstance(error.__cause__, UnicodeError | OverflowError)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen = 0
    while error is not None and seen < 8:  # noqa: PLR2004 - deeper wrapping than drivers and mappers make
        yield error
        error, seen = error.__cause__ or getattr(error, "orig", None) or error.__context__, seen + 1
