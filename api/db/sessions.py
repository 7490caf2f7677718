"""Sessions: short, typed, opened where they are used, never kept in a request.

A write session commits on a clean exit and rolls back on any error; this is the one place where transactions begin.
Never await a certificate authority or another session while holding one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NewType

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", ReadSession)


class Sessions:
    """Opens sessions on the main database as the application's role."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._open = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """Open a session that can change nothing: PostgreSQL refuses writes in it."""
        async with self._open() as session:
            await session.execute(text("set transaction read only"))
            yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """Open a session that commits on a clean exit; what it wrote is durable when the block is left."""
        async with self._open.begin() as session:
            yield WriteSession(ReadSession(session))


async def announce_due(session: WriteSession, queue: str) -> None:
    """Wake the due-scanner when this transaction commits; `queue` is the table that has something due."""
    await session.execute(text("select pg_notify('sslm_due', :queue)"), {"queue": queue})
