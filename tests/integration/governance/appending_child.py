"""A process that appends as fast as it can and prints the id of each acknowledged event, until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import asyncpg

from api.db.engine import open_engine
from api.db.urls import DatabaseUrl
from api.models import CONTENT_KEY_TABLE
from governance.audit.event import Actor, AuditEvent, EventKind, Person
from governance.audit.seal import EventSealer
from governance.audit.writer import AuditLog
from governance.clock import SystemClock
from governance.ids import DataSubjectId, new_pseudonym
from governance.keys import ContentKeys, KeyEncryptionKeys

CALLERS = 16


async def main(audit_url: str, keys_url: str, folder: str, data_subject: str) -> None:
    person = Person(DataSubjectId(UUID(data_subject)), new_pseudonym())
    wrapping = KeyEncryptionKeys.load(Path(folder))
    engine = open_engine(DatabaseUrl.parse(keys_url).sqlalchemy, pool_size=2)
    sealer = EventSealer(ContentKeys(engine, CONTENT_KEY_TABLE, wrapping, SystemClock()), SystemClock())

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(audit_url)

    async with AuditLog(connect, sealer) as log:
        event = AuditEvent(
            EventKind.DISCLOSURE, Actor(person.pseudonym, "holder"), "Me", sealed={person: {"address": "192.0.2.7"}}
        )

        async def append_for_ever() -> None:
            while True:
                stored = await log.append(event)
                sys.stdout.write(f"{stored.id}\n")
                sys.stdout.flush()

        await asyncio.gather(*(append_for_ever() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
