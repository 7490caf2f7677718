"""No record, no data: whatever breaks the audit log, an answer then holds nothing of anybody (rule X-3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from governance.audit import writer
from tests.support.platform import Site
from tests.support.tenants import Tenant, tenant

pytestmark = pytest.mark.clause("X-3")

READ = "{ me { id email displayName sessions(first: 1) { edges { node { userAgent } } } } }"
CHANGE = 'mutation { updateSettings(input: {displayName: "canarychanged"}) { account { displayName email } } }'
Breakage = Callable[[Site], AbstractAsyncContextManager[None]]


def running(statement: str) -> Breakage:
    @asynccontextmanager
    async def broken(site: Site) -> AsyncIterator[None]:
        async with site.superuser() as connection:
            await connection.execute(statement)
            yield

    return broken


@asynccontextmanager
async def locked(site: Site) -> AsyncIterator[None]:
    async with site.superuser() as connection, connection.transaction():
        await connection.execute("lock table audit_event in access exclusive mode")
        yield


@asynccontextmanager
async def killed(site: Site) -> AsyncIterator[None]:
    """The connection dies while the record is being written: whether it is there is not known."""

    async def kill(connection: asyncpg.Connection) -> None:
        held = (
            "select pg_terminate_backend(pid) from pg_locks where not granted and pid <> pg_backend_pid()"
            " and relation = 'audit_event'::regclass"
        )
        while not await connection.fetch(held):
            pass

    async with site.superuser() as connection, connection.transaction():
        await connection.execute("lock table audit_event in access exclusive mode")
        killing = asyncio.create_task(kill(connection))
        yield
        await killing


@asynccontextmanager
async def shut_out(site: Site) -> AsyncIterator[None]:
    """The writer's connection dies and it may not come back."""
    async with site.superuser() as connection:
        name = site.core.urls.owner.database
        await connection.execute(f'revoke connect on database "{name}" from sslm_audit, public')
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sslm_audit'"
            " and datname = current_database()"
        )
        yield


@asynccontextmanager
async def without_key(site: Site) -> AsyncIterator[None]:
    async with site.core.sessions.read() as session:
        for person in (await session.execute(text("select id from data_subject"))).scalars():
            await site.core.keys.destroy(person)
    yield


BREAKAGES: dict[str, Breakage] = {
    "the right is gone": running("revoke insert on audit_event from sslm_audit"),
    "the right to parts is gone": running("revoke insert on audit_sealed_part from sslm_audit"),
    "the table is locked": locked,
    "the connection dies": killed,
    "the role may not connect": shut_out,
    "the partition is missing": running(
        "do $$ declare t text; begin for t in select inhrelid::regclass::text from pg_inherits"
        " where inhparent = 'audit_event'::regclass loop execute 'drop table ' || t; end loop; end $$"
    ),
    "the key is erased": without_key,
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits two seconds for a log that never answers."""
    monkeypatch.setattr(writer, "WRITE_SECONDS", 0.3)


def withheld(answer: dict[str, Any], holder: Tenant) -> str:
    """Check that an answer says that its record failed and holds nothing else; return its message."""
    assert not any((answer["data"] or {}).values()), "a change that did not happen is a null of its own"
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "AUDIT_UNAVAILABLE"
    assert not holder.shows_in(str(answer))
    assert "canarychanged" not in str(answer)
    return str(error["message"])


@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES)
async def test_nothing_is_shown_without_its_record(own_site: Site, breakage: Breakage) -> None:
    holder = await tenant(own_site, "canaryholder")
    assert holder.shows_in(str(await own_site.ask(READ, by=holder.browser)))
    async with breakage(own_site):
        for by in (holder.browser, holder.api_token):
            assert "nothing was shown" in withheld(await own_site.ask(READ, by=by), holder)


@pytest.mark.parametrize("name", ["the right is gone", "the role may not connect"])
async def test_a_change_that_is_saved_but_cannot_be_shown_says_so(own_site: Site, name: str) -> None:
    holder = await tenant(own_site, "canaryholder")
    async with BREAKAGES[name](own_site):
        message = withheld(await own_site.ask(CHANGE, by=holder.browser), holder)
    assert "Your change was saved" in message
    async with own_site.core.sessions.read() as session:
        names = (await session.execute(text("select display_name from account"))).scalars().all()
        kinds = (await session.execute(text("select kind from audit_event"))).scalars().all()
    assert (names, kinds) == (["canarychanged"], ["change"])


@pytest.mark.parametrize(
    "statement",
    ["revoke insert on audit_event from sslm_app", "revoke insert on audit_sealed_part from sslm_app"],
)
async def test_a_change_without_its_own_record_does_not_happen(own_site: Site, statement: str) -> None:
    holder = await tenant(own_site, "canaryholder")
    async with running(statement)(own_site):
        before = await own_site.everything()
        assert "nothing was changed" in withheld(await own_site.ask(CHANGE, by=holder.browser), holder)
        assert await own_site.everything() == before


async def test_a_full_queue_refuses(own_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = await tenant(own_site, "canaryholder")
    monkeypatch.setattr(writer, "WRITE_SECONDS", 30.0)
    log = own_site.app._app._edge.runner._audit
    monkeypatch.setattr(log._queue, "_maxsize", 2)
    async with own_site.superuser() as connection, connection.transaction():
        await own_site.ask("{ me { id } }", by=holder.browser)
        await connection.execute("lock table audit_event in access exclusive mode")
        asked = [asyncio.create_task(own_site.ask(READ, by=holder.browser)) for _ in range(8)]
        still = set(asked)
        while len(still) > 4:  # two at most wait in the queue, two at most are being written
            _, still = await asyncio.wait(still, return_when=asyncio.FIRST_COMPLETED)
    answers = [await task for task in asked]
    refused = [answer for answer in answers if answer["data"] is None]
    for answer in refused:
        withheld(answer, holder)
    assert 4 <= len(refused) < len(answers)


async def test_what_tells_nothing_of_anybody_is_answered(own_site: Site) -> None:
    holder = await tenant(own_site, "canaryholder")
    async with BREAKAGES["the right is gone"](own_site):
        answer = await own_site.ask("{ me { id } __typename }", by=holder.browser)
    assert answer["data"]["me"]["id"] == holder.ids["Account"]


@pytest.mark.clause("8.1-a")
async def test_what_was_shown_is_what_was_recorded(own_site: Site) -> None:
    holder = await tenant(own_site, "canaryholder")
    await own_site.ask(f"query Mine {READ}", by=holder.browser)
    async with own_site.core.sessions.read() as session:
        (header,) = (await session.execute(text("select header::json from audit_event"))).scalars().all()
    assert header["operation"]["name"] == "me"
    assert header["coordinates"] == ["Account.displayName", "Account.email", "Session.userAgent"]
    assert header["rows"] == {"Account": 1, "Session": 1}
    assert header["data_subjects"] == [str(holder.someone.person.pseudonym)]
    assert not holder.shows_in(str(header))
