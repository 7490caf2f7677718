"""Trusted documents in the database, where one process puts them and every other finds them.

The rule: a row is never changed; its id is the hash of its text. A process reads what is new when it is asked for an id
that it does not know, at most once a second, so that guessing ids costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from api.db.sessions import ReadSession, Sessions, WriteSession
from api.documents.folder import Found
from api.execution.trusted import TrustedDocuments, document_id
from api.models import TrustedDocumentRow
from governance.clock import Clock

_PAUSE: Final = timedelta(seconds=1)
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_NAME_LENGTH: Final = 200


async def put_documents(session: WriteSession, found: Iterable[Found], clock: Clock) -> int:
    """Store checked documents; return how many are new."""
    rows = [
        {"id": document_id(one.text), "name": one.name[:_NAME_LENGTH], "text": one.text, "loaded_at": clock.now()}
        for one in found
    ]
    if not rows:
        return 0
    statement = insert(TrustedDocumentRow).on_conflict_do_nothing().returning(TrustedDocumentRow.id)
    return len((await session.execute(statement, rows)).all())


async def listed_documents(session: ReadSession) -> list[TrustedDocumentRow]:
    """Return all documents by name."""
    order = (TrustedDocumentRow.name, TrustedDocumentRow.id)
    return list((await session.scalars(select(TrustedDocumentRow).order_by(*order))).all())


class DocumentStore:
    """Brings stored documents into the memory of one process."""

    def __init__(self, sessions: Sessions, clock: Clock, trusted: TrustedDocuments) -> None:
        self._sessions = sessions
        self._clock = clock
        self._trusted = trusted
        self._newest: datetime | None = None
        self._read_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def look_again(self) -> None:
        """Read what was loaded since; whoever asks too soon after the last time gets what is known."""
        async with self._lock:
            now = self._clock.now()
            if self._read_at is not None and timedelta() <= now - self._read_at < _PAUSE:
                return
            self._read_at = now
            await self._read()

    async def _read(self) -> None:
        statement = select(TrustedDocumentRow.text, TrustedDocumentRow.loaded_at)
        if self._newest is not None:
            statement = statement.where(TrustedDocumentRow.loaded_at >= self._newest - _CLOCKS_DIFFER)
        async with self._sessions.read() as session:
            rows = (await session.execute(statement)).all()
        for text, loaded_at in rows:
            self._trusted.add(text)
            self._newest = max(loaded_at, self._newest or loaded_at)
