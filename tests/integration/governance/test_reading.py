"""Officers read the log page by page, newest first; a column that contradicts its header is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.models import GOVERNANCE
from governance.audit.event import AuditEvent, EventKind, Outcome, Person, StoredEvent
from governance.audit.reading import EVERYTHING, PAGE_LIMIT, AuditReader, EventFilter, EventKey
from governance.audit.trail import AuditTrail
from governance.errors import GovernanceError
from tests.integration.conftest import NOON, Platform
from tests.integration.governance.support import as_owner, disclosure, make_person

READER = AuditReader(GOVERNANCE)


async def write(platform: Platform, *events: AuditEvent) -> list[StoredEvent]:
    """Write events a second apart."""
    stored = []
    for event in events:
        platform.clock.advance(timedelta(seconds=1))
        async with platform.sessions.write() as session:
            stored.append(await AuditTrail(GOVERNANCE, platform.sealer).record(session, event))
    return stored


async def names(platform: Platform, wanted: EventFilter) -> list[str]:
    async with platform.sessions.read() as session:
        page = await READER.page(session, wanted, first=100)
        assert await READER.count(session, wanted) == len(page.events)
    return [event.header.operation.name for event in page.events]


async def test_pages_are_newest_first_and_miss_nothing_when_events_arrive(platform: Platform) -> None:
    person = await make_person(platform)
    await write(platform, *(disclosure(person, f"Op{number}") for number in range(5)))
    seen: list[str] = []
    after: EventKey | None = None
    for arriving in ("New1", "New2", "New3"):
        async with platform.sessions.read() as session:
            page = await READER.page(session, first=2, after=after)
        seen += [event.header.operation.name for event in page.events]
        after = page.events[-1].key
        await write(platform, disclosure(person, arriving))
    assert seen == ["Op4", "Op3", "Op2", "Op1", "Op0"]
    assert not page.has_more


async def test_events_of_one_moment_are_cut_by_their_ids(platform: Platform) -> None:
    person = await make_person(platform)
    trail = AuditTrail(GOVERNANCE, platform.sealer)
    async with platform.sessions.write() as session:
        stored = {(await trail.record(session, disclosure(person))).id for _ in range(7)}
    seen, after, has_more = [], None, True
    while has_more:
        async with platform.sessions.read() as session:
            page = await READER.page(session, first=3, after=after)
        seen += [event.key.id for event in page.events]
        after, has_more = page.events[-1].key, page.has_more
    assert len(seen) == 7
    assert set(seen) == stored


async def test_each_filter_restricts(platform: Platform) -> None:
    ada, bob = await make_person(platform), await make_person(platform)
    refused = replace(disclosure(bob, "Refused"), outcome=Outcome.DENIED)
    change = replace(disclosure(ada, "Change"), kind=EventKind.CHANGE)
    about_both = replace(disclosure(ada, "Both"), data_subjects=frozenset({ada.pseudonym, bob.pseudonym}))
    await write(platform, refused, change, about_both)
    assert await names(platform, EVERYTHING) == ["Both", "Change", "Refused"]
    assert await names(platform, EventFilter(kinds=frozenset({EventKind.CHANGE}))) == ["Change"]
    assert await names(platform, EventFilter(outcomes=frozenset({Outcome.DENIED}))) == ["Refused"]
    assert await names(platform, EventFilter(actor=ada.pseudonym)) == ["Both", "Change"]
    assert await names(platform, EventFilter(data_subject=bob.pseudonym)) == ["Both", "Refused"]
    assert await names(platform, EventFilter(since=NOON + timedelta(seconds=2))) == ["Both", "Change"]
    assert await names(platform, EventFilter(until=NOON + timedelta(seconds=2))) == ["Refused"]
    assert await names(platform, EventFilter(actor=ada.pseudonym, kinds=frozenset({EventKind.RIGHTS}))) == []


@pytest.mark.clause("X-3")
async def test_a_person_finds_the_events_that_speak_of_them(platform: Platform) -> None:
    ada, bob = await make_person(platform), await make_person(platform)
    by_staff = replace(disclosure(ada, "Looked"), data_subjects=frozenset({bob.pseudonym}), sealed={})
    await write(platform, by_staff, disclosure(ada, "Own"))
    async with platform.sessions.read() as session:
        page = await READER.events_about(session, bob.pseudonym, first=10)
    (event,) = page.events
    assert event.header.operation.name == "Looked"
    assert event.header.actor.role == "holder"


async def test_the_header_is_read_back_whole(platform: Platform) -> None:
    person: Person = await make_person(platform)
    (stored,) = await write(platform, disclosure(person, request_id="r-9", clauses=frozenset({"8.1-a", "4.1-b"})))
    async with platform.sessions.read() as session:
        (event,) = (await READER.page(session, first=1)).events
    assert event.intact
    assert (event.key.id, event.key.at) == (stored.id, stored.at) == (event.header.id, event.header.at)
    assert (event.header.request_id, event.header.clauses) == ("r-9", ("4.1-b", "8.1-a"))
    assert event.header.row_counts == {"Account": 1}
    assert [part.data_subject for part in event.header.sealed] == [person.pseudonym]


@pytest.mark.parametrize(
    "tampering",
    [
        "update audit_event set kind = 'change'",
        "update audit_event set outcome = 'denied'",
        "update audit_event set actor = null",
        "update audit_event set data_subjects = '{}'",
        "update audit_event set at = at + interval '1 second'",
        "update audit_event set id = gen_random_uuid()",
    ],
)
async def test_an_altered_column_contradicts_its_header(fresh_platform: Platform, tampering: str) -> None:
    await write(fresh_platform, disclosure(await make_person(fresh_platform)))
    async with as_owner(fresh_platform) as owner:
        await owner.execute(tampering)
    async with fresh_platform.sessions.read() as session:
        (event,) = (await READER.page(session, first=1)).events
    assert not event.intact


async def test_a_header_nobody_wrote_is_refused(fresh_platform: Platform) -> None:
    await write(fresh_platform, disclosure(await make_person(fresh_platform)))
    async with as_owner(fresh_platform) as owner:
        await owner.execute("""update audit_event set header = replace(header, '"v":1', '"v":2')""")
    async with fresh_platform.sessions.read() as session:
        with pytest.raises(GovernanceError, match="newer format"):
            await READER.page(session, first=1)


@pytest.mark.parametrize("first", [-1, PAGE_LIMIT + 1])
async def test_a_page_is_bounded(platform: Platform, first: int) -> None:
    async with platform.sessions.read() as session:
        with pytest.raises(ValueError, match="page"):
            await READER.page(session, first=first)


async def test_the_filter_by_person_uses_its_index(fresh_platform: Platform) -> None:
    person = await make_person(fresh_platform)
    statement = READER._select(EventFilter(data_subject=person.pseudonym))
    async with fresh_platform.sessions.read() as session:
        await session.execute(text("set local enable_seqscan = off"))
        compiled = statement.compile(session.bind, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in await session.execute(text(f"explain {compiled}")))
    assert "data_subjects_idx" in plan
