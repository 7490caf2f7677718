"""A change and its record commit together, and the log keeps what it was given."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from api.models import GOVERNANCE, AccountRow
from api.viewer import Origin, Role, Viewer
from governance.audit.event import EventKind
from governance.errors import AuditUnavailable, DataSubjectErased
from tests.integration.conftest import Platform
from tests.integration.governance.support import make_person, make_person_in, stored_ids


async def test_a_change_leaves_a_sealed_record(platform: Platform) -> None:
    person = await make_person(platform)
    viewer = Viewer(Role.HOLDER, Origin("192.0.2.7", "Browser/1", "r-1"), person)
    async with platform.works.open(viewer) as work:
        await work.record(
            EventKind.CHANGE, "updateSettings", AccountRow.display_name, about=[person], clauses=["8.2-b"]
        )
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

    async def change_and_fail() -> None:
        async with platform.works.open(Viewer(Role.HOLDER, Origin(), person)) as work:
            await work.record(EventKind.CHANGE, "updateSettings", AccountRow.display_name, about=[person])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await change_and_fail()
    assert await stored_ids(platform) == set()


async def test_a_change_that_cannot_be_recorded_does_not_happen(fresh_platform: Platform) -> None:
    person = await make_person(fresh_platform)

    async def change() -> None:
        async with fresh_platform.works.open(Viewer(Role.HOLDER, Origin(), person)) as work:
            await make_person_in(work.session, fresh_platform)
            fresh_platform.clock.advance(timedelta(days=4000))  # a month without a partition
            await work.record(EventKind.CHANGE, "updateSettings", AccountRow.display_name, about=[person])

    with pytest.raises(AuditUnavailable, match="nothing was changed"):
        await change()
    async with fresh_platform.sessions.read() as session:
        assert (await session.execute(select(GOVERNANCE.data_subject.c.id))).scalars().all() == [person.id]


async def test_a_change_about_an_erased_person_is_refused(platform: Platform) -> None:
    person = await make_person(platform)
    await platform.keys.destroy(person.id)

    async def change() -> None:
        async with platform.works.open(Viewer(Role.HOLDER, Origin("192.0.2.7"), person)) as work:
            await work.record(EventKind.CHANGE, "updateSettings", AccountRow.display_name, about=[person])

    with pytest.raises(DataSubjectErased):
        await change()
    assert await stored_ids(platform) == set()
