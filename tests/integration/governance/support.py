"""What tests of the log share: people, events, a writer on its own connection, and what is in the table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.models import GOVERNANCE
from governance.audit.event import Actor, AuditEvent, EventKind, Person
from governance.audit.writer import AuditLog, Connect
from governance.ids import DataSubjectId, new_id, new_pseudonym
from tests.integration.conftest import Platform

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection


async def make_person(platform: Platform) -> Person:
    async with platform.sessions.write() as session:
        return await make_person_in(session, platform)


async def make_person_in(session: AsyncSession, platform: Platform) -> Person:
    person = Person(DataSubjectId(new_id(platform.clock)), new_pseudonym())
    await platform.keys.create(person.id)
    await session.execute(
        insert(GOVERNANCE.data_subject).values(
            id=person.id, kind="holder", pseudonym=person.pseudonym, created_at=platform.clock.now()
        )
    )
    return person


def disclosure(person: Person, operation: str = "Me", **more: Any) -> AuditEvent:
    return AuditEvent(
        EventKind.DISCLOSURE,
        Actor(person.pseudonym, "holder"),
        operation,
        coordinates=frozenset({"Account.email"}),
        data_subjects=frozenset({person.pseudonym}),
        row_counts={"Account": 1},
        sealed={person: {"address": "192.0.2.7"}},
        **more,
    )


def connects(platform: Platform) -> Connect:
    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(platform.urls.audit_writer.plain)

    return connect


@asynccontextmanager
async def open_log(platform: Platform, connect: Connect | None = None) -> AsyncIterator[AuditLog]:
    async with AuditLog(connect or connects(platform), platform.sealer) as log:
        yield log


async def stored_ids(platform: Platform) -> set[object]:
    async with platform.sessions.read() as session:
        return {row.id for row in await session.execute(text("select id from audit_event"))}


@asynccontextmanager
async def as_owner(platform: Platform) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(platform.urls.owner.plain)
    try:
        yield connection
    finally:
        await connection.close()


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until the condition holds."""
    while not condition():  # noqa: ASYNC110 - what is waited for sets no event
        await asyncio.sleep(0)
