"""Remembered credentials on the running platform: a hit asks no database, and what ended is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import update

from api.auth.credential_cache import CredentialCache
from api.auth.errors import CredentialRefused, GrantRefused
from api.db.reading import ReaderPool
from api.http.touches import Touches
from api.http.viewers import ViewerReader
from api.kit.secrets import hash_secret
from api.models import AccessGrantRow, SessionRow
from api.viewer import Origin, Role, Viewer, anonymous
from governance.clock import ManualClock
from tests.factories.partners import Organisation, act_for, granted, organisation, teammate_of
from tests.integration.auth.people import Someone, api_token_of, holder, session_of, staff
from tests.integration.conftest import NOON
from tests.support.database import Cluster
from tests.support.platform import ORIGIN, Site, site

FROM = Origin("203.0.113.9", "a program", "request-2")
_number = count()
OF_ITS_PARTNER = """
where id = (select p.recipient_id from partner p, access_grant g where p.id = g.partner_id and g.id = $1)
"""


@pytest.fixture(scope="module")
async def running(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with site(cluster, tmp_path_factory.mktemp("site"), clock=ManualClock(NOON)) as made:
        await until(made.core.credentials._hears)
        yield made


class Counted(ReaderPool):
    """The connections on which credentials are looked up, with what was asked on them."""

    asked: list[str]

    async def fetch_row(self, sql: str, parameters: Sequence[Any]) -> Any:
        self.asked.append(sql)
        return await super().fetch_row(sql, parameters)


@pytest.fixture
async def pool(running: Site) -> AsyncIterator[Counted]:
    async with Counted(running.core.urls.application, size=2, octets=False) as made:
        made.asked = []
        yield made


@pytest.fixture
async def reader(running: Site, pool: Counted) -> AsyncIterator[ViewerReader]:
    core = running.core
    made = ViewerReader(pool, Touches(core.sessions, core.clock), core.clock, b"secret", ORIGIN, core.credentials)
    yield made
    await made.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(4):  # of real time, while the platform's clock stands still: nothing ends by itself
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


@contextmanager
def lookups(reader: ViewerReader) -> Iterator[list[str]]:
    assert isinstance(reader.lookups, Counted)
    found: list[str] = []
    before = len(reader.lookups.asked)
    yield found
    found += reader.lookups.asked[before:]


async def elsewhere(running: Site, statement: str, *values: Any) -> None:
    """Change something as another process does."""
    connection = await asyncpg.connect(running.core.urls.application.plain)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def somebody(running: Site, role: Role = Role.HOLDER) -> Someone:
    if role is Role.HOLDER:
        return await holder(running.platform, f"{next(_number)}@example.org")
    return await staff(running.platform, role, email=f"{next(_number)}@example.net", email_key=f"{next(_number)}")


async def by_token(reader: ViewerReader, text: str) -> Viewer | None:
    try:
        return await reader.read({"authorization": f"Bearer {text}"}, FROM)
    except CredentialRefused:
        return None


async def token_in_use(running: Site, reader: ViewerReader, someone: Someone, **columns: Any) -> tuple[UUID, str]:
    """Make a token that is remembered."""
    row_id, minted = await api_token_of(running.platform, someone, **columns)
    assert await by_token(reader, minted.text) is not None
    with lookups(reader) as asked:
        assert await by_token(reader, minted.text) is not None
    assert asked == []
    return row_id, minted.text


async def test_a_hit_asks_nothing_and_keeps_where_the_request_came_from(running: Site, reader: ViewerReader) -> None:
    someone = await somebody(running)
    _, token = await token_in_use(running, reader, someone)
    again = await by_token(reader, token)
    assert again is not None
    assert (again.origin, again.account_id, again.person) == (FROM, someone.account_id, someone.person)
    _, secret = await session_of(running.platform, someone)
    first = await reader.signed_in(secret, FROM)
    with lookups(reader) as asked:
        assert await reader.signed_in(secret, FROM) == first
    assert asked == []


async def test_a_session_secret_is_no_token_and_the_other_way_round(running: Site, reader: ViewerReader) -> None:
    someone = await somebody(running)
    _, token = await token_in_use(running, reader, someone)
    _, secret = await session_of(running.platform, someone)
    assert await reader.signed_in(secret, FROM) is not None
    assert await reader.signed_in(token, FROM) is None
    assert await by_token(reader, secret) is None


async def test_after_five_seconds_it_is_looked_up_again(running: Site, reader: ViewerReader) -> None:
    _, token = await token_in_use(running, reader, await somebody(running))
    running.platform.clock.advance(timedelta(seconds=5))
    with lookups(reader) as asked:
        assert await by_token(reader, token) is not None
    assert len(asked) == 1


async def test_a_token_ends_at_its_own_time(running: Site, reader: ViewerReader) -> None:
    ends = running.platform.clock.now() + timedelta(seconds=2)
    _, token = await token_in_use(running, reader, await somebody(running), expires_at=ends)
    running.platform.clock.advance(timedelta(seconds=2))
    assert await by_token(reader, token) is None


@pytest.mark.parametrize(
    "statement",
    [
        "update api_token set revoked_at = now() where id = $1",
        "update api_token set scopes = '{}' where id = $1",
        "update api_token set categories = '{}' where id = $1",
        "update api_token set expires_at = now() - interval '9 years' where id = $1",
        "delete from api_token where id = $1",
        "update account set closed_at = now() where id = (select account_id from api_token where id = $1)",
    ],
)
async def test_what_another_process_changes_is_heard(running: Site, reader: ViewerReader, statement: str) -> None:
    row_id, token = await token_in_use(running, reader, await somebody(running))
    before = await by_token(reader, token)
    await elsewhere(running, statement, row_id)
    await until(lambda: not is_remembered(running, token))
    after = await by_token(reader, token)
    assert before is not None
    assert after is None or after.grants != before.grants


@pytest.mark.parametrize("statement", ["disabled_at = now()", "role = 'support'"])
async def test_staff_who_changed_are_looked_up_again(running: Site, reader: ViewerReader, statement: str) -> None:
    someone = await somebody(running, Role.AUDITOR)
    _, token = await token_in_use(running, reader, someone, scopes=["audit:read"])
    await elsewhere(running, f"update staff set {statement} where id = $1", someone.staff_id)  # noqa: S608
    await until(lambda: not is_remembered(running, token))
    after = await by_token(reader, token)
    assert after is None or not after.grants.scopes


async def test_marks_of_use_drop_nothing(running: Site, reader: ViewerReader) -> None:
    row_id, token = await token_in_use(running, reader, await somebody(running))
    await elsewhere(running, "update api_token set last_used_at = now() where id = $1", row_id)
    await elsewhere(
        running,
        "update account set display_name = 'other' where id = (select account_id from api_token where id = $1)",
        row_id,
    )
    drops = running.core.credentials._drops
    await elsewhere(running, "select pg_notify('sslm_credentials', gen_random_uuid()::text)")
    await until(lambda: running.core.credentials._drops > drops)  # whatever was announced before has arrived by now
    assert running.core.credentials._drops == drops + 1
    with lookups(reader) as asked:
        assert await by_token(reader, token) is not None
    assert asked == []


async def test_a_session_that_signs_out_is_refused_by_the_next_request(running: Site) -> None:
    """In the same process nothing waits for an announcement."""
    someone = await somebody(running)
    _, secret = await session_of(running.platform, someone)
    browser = running.browser(secret)
    assert (await running.ask("{ me { id } }", by=browser))["data"]["me"] is not None
    assert "errors" not in await running.ask("mutation { signOut { errors { code } } }", by=browser)
    assert (await running.ask("{ me { id } }", by=browser))["data"]["me"] is None


async def test_somebody_who_becomes_known_within_a_change_is_forgotten_too(running: Site, reader: ViewerReader) -> None:
    """A reset by mail begins as nobody and ends the holder's sessions."""
    someone = await somebody(running)
    session_id, secret = await session_of(running.platform, someone)
    assert await reader.signed_in(secret, FROM) is not None
    async with running.platform.works.open(anonymous(FROM)) as work:
        known = work.acting_as(someone.viewer)
        ended = update(SessionRow).where(SessionRow.id == session_id).values(revoked_at=known.clock.now())
        await known.session.execute(ended)
    assert await reader.signed_in(secret, FROM) is None


async def test_while_nothing_is_heard_every_request_is_looked_up(running: Site, reader: ViewerReader) -> None:
    row_id, token = await token_in_use(running, reader, await somebody(running))
    database = running.core.urls.owner.database
    async with running.superuser() as server:
        await server.execute(f"alter database {database} connection limit 0")
        try:
            await cut_off(running)
            with lookups(reader) as asked:
                assert await by_token(reader, token) is not None
                assert await by_token(reader, token) is not None
            assert len(asked) == 2
            await server.execute("update api_token set revoked_at = now() where id = $1", row_id)
            assert await by_token(reader, token) is None
        finally:
            await server.execute(f"alter database {database} connection limit -1")
    await until(running.core.credentials._hears)
    assert await by_token(reader, token) is None


async def test_what_may_have_been_missed_is_not_used_later(running: Site, reader: ViewerReader) -> None:
    _, token = await token_in_use(running, reader, await somebody(running))
    await cut_off(running)
    await until(running.core.credentials._hears)
    with lookups(reader) as asked:
        assert await by_token(reader, token) is not None
    assert len(asked) == 1


async def cut_off(running: Site) -> None:
    """End the connection that hears announcements."""
    async with running.superuser() as server:
        await server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'sslm listening' and datname = current_database()"
        )
        await until(lambda: not running.core.credentials._hears())


async def test_a_process_that_hears_nothing_remembers_nobody(running: Site, pool: Counted) -> None:
    """As workers do, which answer nobody."""
    core, cache = running.core, CredentialCache(running.core.clock)
    deaf = ViewerReader(pool, Touches(core.sessions, core.clock), core.clock, b"secret", ORIGIN, cache)
    _, minted = await api_token_of(running.platform, await somebody(running))
    assert await by_token(deaf, minted.text) is not None
    assert len(cache) == 0


def is_remembered(running: Site, token: str) -> bool:
    return running.core.credentials.get(b"token " + hash_secret(token), FROM) is not None


async def acting(reader: ViewerReader, text: str, grant: AccessGrantRow) -> Viewer | None:
    headers = {"authorization": f"Bearer {text}", "sslm-act-for": act_for(grant)}
    try:
        return await reader.read(headers, FROM)
    except (CredentialRefused, GrantRefused):
        return None


async def partner_in_use(running: Site, reader: ViewerReader) -> tuple[Organisation, Someone, AccessGrantRow]:
    """Make a partner that acts for a holder and is remembered as such."""
    acme, sara = await organisation(running.platform, f"acme-{next(_number)}"), await somebody(running)
    grant = await granted(running.platform, sara, acme)
    await settled(running)
    assert await acting(reader, acme.api_token, grant) is not None
    with lookups(reader) as asked:
        assert await acting(reader, acme.api_token, grant) is not None
    assert asked == []
    return acme, sara, grant


async def settled(running: Site) -> None:
    """Wait until whatever was announced before has arrived."""
    drops = running.core.credentials._drops
    await elsewhere(running, "select pg_notify('sslm_credentials', gen_random_uuid()::text)")
    await until(lambda: running.core.credentials._drops > drops)


@pytest.mark.parametrize("grant_first", [True, False])
async def test_what_is_remembered_with_a_grant_serves_nobody_without_it(
    running: Site, reader: ViewerReader, grant_first: bool
) -> None:
    """Nor the other way round, nor under another grant."""
    acme, sara, grant = await partner_in_use(running, reader)
    other = await granted(running.platform, await somebody(running), acme, scopes=("domains:read",))
    running.core.credentials.forget()
    kinds = (grant, None, other) if grant_first else (None, other, grant)
    for _ in range(2):  # the second time all of them are remembered
        for one in kinds:
            viewer = (
                await by_token(reader, acme.api_token) if one is None else await acting(reader, acme.api_token, one)
            )
            assert viewer is not None
            assert viewer.account_id == (one.account_id if one is not None else None)
            assert viewer.access_grant_id == (one.id if one is not None else None)
            assert ("domains:read" in viewer.grants.scopes) is (one is not None)
    assert grant.account_id == sara.account_id != other.account_id


async def test_a_session_under_a_grant_is_remembered_apart(running: Site, reader: ViewerReader) -> None:
    sara = await somebody(running)
    address = f"mate-{next(_number)}@example.org"
    mate = await holder(running.platform, address)
    grant = await teammate_of(running.platform, sara, mate, address)
    _, secret = await session_of(running.platform, mate)
    for _ in range(2):
        own, under = await reader.signed_in(secret, FROM), await reader.signed_in(secret, FROM, grant.id)
        assert own is not None
        assert under is not None
        assert (own.account_id, own.role, under.account_id, under.role) == (
            mate.account_id,
            Role.HOLDER,
            sara.account_id,
            Role.TEAMMATE,
        )
    await elsewhere(running, "update account set closed_at = now() where id = $1", mate.account_id)
    await until(lambda: len(running.core.credentials._keys.get(mate.account_id, ())) == 0)  # type: ignore[call-overload]
    assert await reader.signed_in(secret, FROM, grant.id) is None


@pytest.mark.parametrize(
    "statement",
    [
        "update access_grant set revoked_at = now() where id = $1",
        "update access_grant set until = now() - interval '9 years' where id = $1",
        "delete from access_grant where id = $1",
        "update account set closed_at = now() where id = (select account_id from access_grant where id = $1)",
        "update recipient set ended_at = now()" + OF_ITS_PARTNER,  # noqa: S608 - a constant
        "update recipient set approved_at = null" + OF_ITS_PARTNER,  # noqa: S608 - a constant
        "update partner set disabled_at = now() where id = (select partner_id from access_grant where id = $1)",
    ],
)
async def test_the_end_of_what_is_acted_under_is_heard(running: Site, reader: ViewerReader, statement: str) -> None:
    acme, _, grant = await partner_in_use(running, reader)
    await elsewhere(running, statement, grant.id)
    await until(lambda: not running.core.credentials._keys.get(grant.id))
    assert await acting(reader, acme.api_token, grant) is None


async def test_marks_of_use_of_a_grant_drop_nothing(running: Site, reader: ViewerReader) -> None:
    acme, _, grant = await partner_in_use(running, reader)
    await elsewhere(running, "update access_grant set last_used_at = now() where id = $1", grant.id)
    await settled(running)
    with lookups(reader) as asked:
        assert await acting(reader, acme.api_token, grant) is not None
    assert asked == []
