"""A change and its record commit together, and the log keeps what it was given."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert, select

from api.models import GOVERNANCE, AccountRow
from api.viewer import Origin, Role, Viewer
from governance.audit.event import EventKind, Person
from governance.ids import DataSubjectId, new_id, new_pseudonym
from tests.integration.conftest import Platform


async def make_person(platform: Platform) -> Person:
    person = Person(DataSubjectId(new_id(platform.clock)), new_pseudonym())
    await platform.keys.create(person.id)
    async with platform.sessions.write() as session:
        await session.execute(
            insert(GOVERNANCE.data_subject).values(
                id=person.id, kind="holder", pseudonym=person.pseudonym, created_at=platform.clock.now()
            )
        )
    return person


async def test_a_change_leaves_a_sealed_record(platform: Platform) -> None:
    person = await make_person(platform)
    viewer = Viewer(Role.HOLDER, Origin("192.0.2.7", "Browser/1", "r-1"), person)
    async with platform.works.open(viewer) as work:
        await work.record(EventKind.CHANGE, "updateSettings", AccountRow.display_name, about=[person], clauses=["8.2-b"])
    async with platform.sessions.read() as session:
        header = (await session.execute(select(GOVERNANCE.audit_event.c.header))).scalar_one()
        part = (await session.execute(select(GOVERNANCE.audit_sealed_part.c.ciphertext))).scalar_one()
    event = json.loads(header)
    assert event["coordinates"] == ["account.display_name"]
    assert event["categories"] == ["user.name"]
    assert "192.0.2.7" not in header
    opened = json.loads(await platform.keys.unseal(person.id, part, "audit_sealed_part.ciphertext"))
    assert opened == {"address": "192.0.2.7", "user_agent": "Browser/1"}


async def test_a_failed_change_leaves_nothing(platform: Platform) -> None:
    person = await make_person(platform)
    with pytest.raises(ZeroDivisionError):
        async with platform.works.open(Viewer(Role.HOLDER, Origin(), person)) as work:
            await work.record(EventKind.CHANGE, "updateSettings", AccountRow.display_name, about=[person])
            _ = 1 / 0
    async with platform.sessions.read() as session:
        assert (await session.execute(select(GOVERNANCE.audit_event))).all() == []
