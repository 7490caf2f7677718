"""What has expired goes, what has not stays, the log says how much went, and doing it twice changes nothing."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.jobs.maintenance import EXPIRIES, Maintenance
from api.kit.metrics import Metrics, render
from api.models import (
    AccountId,
    AccountRow,
    Base,
    ChargeRow,
    DeliveryId,
    DeliveryRow,
    IdempotencyKeyRow,
    OneTimeLinkRow,
    RecognisedDeviceRow,
    SecurityEventRow,
    SessionId,
    SessionRow,
    ThrottleRow,
)
from governance.audit.event import Person
from governance.errors import DataSubjectErased
from governance.ids import new_id
from tests.integration.conftest import Platform
from tests.integration.jobs.parts import make_person

DAY = timedelta(days=1)


@pytest.fixture
def maintenance(fresh_platform: Platform, metrics: Metrics) -> Maintenance:
    return Maintenance(works=fresh_platform.works, keys_engine=fresh_platform.keys._engine, metrics=metrics, batch=3)


async def store(platform: Platform, rows: Sequence[Base]) -> None:
    async with platform.sessions.write() as session:
        for row in rows:
            session.add(row)
            await session.flush()


def account(platform: Platform, person: Person, *, verified: bool) -> AccountRow:
    now = platform.clock.now()
    address = f"{secrets.token_hex(8)}@example.test"
    return AccountRow(
        id=AccountId(new_id(platform.clock)),
        data_subject_id=person.id,
        email=address,
        email_key=address,
        email_verified_at=now if verified else None,
        password_hash="x",
        password_changed_at=now,
        language="en",
        time_zone="UTC",
        display_mode="system",
        notify_expiry=True,
        notify_failure=True,
        notify_installation=True,
        age_statement_at=now,
        age_statement_version="1",
        plan="free",
        created_at=now,
    )


async def new_account(platform: Platform, *, verified: bool = True) -> tuple[Person, AccountRow]:
    person = await make_person(platform.works)
    row = account(platform, person, verified=verified)
    await store(platform, [row])
    return person, row


def secret() -> bytes:
    return secrets.token_bytes(32)


def session_row(platform: Platform, person: Person, account_id: AccountId, **more: Any) -> SessionRow:
    now = platform.clock.now()
    given = {
        "id": SessionId(new_id(platform.clock)),
        "data_subject_id": person.id,
        "account_id": account_id,
        "secret_hash": secret(),
        "stay_signed_in": False,
        "user_agent": "Browser/1",
        "address": "192.0.2.7",
        "created_at": now,
        "last_used_at": now,
        "expires_at": now + DAY,
        "reauthenticated_at": now,
    }
    return SessionRow(**{**given, **more})


def expiring(platform: Platform, person: Person, account_id: AccountId, life: timedelta) -> list[Base]:
    """Make one row of every kind that simply goes, each ending after `life`."""
    now = platform.clock.now()
    end = now + life
    return [
        session_row(platform, person, account_id, expires_at=end),
        session_row(platform, person, account_id, expires_at=now + 300 * DAY, revoked_at=end),
        OneTimeLinkRow(
            secret_hash=secret(), account_id=account_id, kind="verify_email", created_at=now, expires_at=end
        ),
        RecognisedDeviceRow(secret_hash=secret(), account_id=account_id, created_at=now, expires_at=end),
        ThrottleRow(bucket=secret(), failures=1, last_at=now, expires_at=end),
        ChargeRow(bucket=secret(), full_at=end),
        IdempotencyKeyRow(
            data_subject_id=person.id,
            operation="orderCertificate",
            key_hash=secret(),
            request_hash=secret(),
            result_id=UUID(int=1),
            expires_at=end,
        ),
        delivery(platform, person, "sent", life),
    ]


def delivery(platform: Platform, person: Person, status: str, life: timedelta = timedelta(0)) -> DeliveryRow:
    return DeliveryRow(
        id=DeliveryId(new_id(platform.clock)),
        data_subject_id=person.id,
        template="hello",
        status=status,
        attempts=1,
        created_at=platform.clock.now() + life - timedelta(days=729),
        generation=1,
    )


async def headers(witness: asyncpg.Connection) -> list[dict[str, Any]]:
    return [json.loads(row["header"]) for row in await witness.fetch("select header from audit_event order by id")]


async def counts(witness: asyncpg.Connection) -> dict[str, int]:
    tables = sorted({expiry.row.__tablename__ for expiry in EXPIRIES})
    return {table: await witness.fetchval(f"select count(*) from {table}") for table in tables}  # noqa: S608


@pytest.mark.clause("6.1-a")
async def test_what_is_over_goes_and_the_rest_stays(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance, metrics: Metrics
) -> None:
    person, holder = await new_account(fresh_platform)
    for life in (1, 1, 1, 1, 5):
        await store(fresh_platform, expiring(fresh_platform, person, holder.id, life * DAY))
    await store(fresh_platform, [delivery(fresh_platform, person, "waiting", -100 * DAY)])
    everything = await counts(witness)
    assert (await maintenance.run()).keys() >= {expiry.name for expiry in EXPIRIES}
    assert await counts(witness) == everything
    fresh_platform.clock.advance(2 * DAY)
    removed = await maintenance.run()
    assert {name: removed[name] for name in (expiry.name for expiry in EXPIRIES)} == {
        "removeEndedSessions": 8,
        "removeExpiredLinks": 4,
        "removeForgottenDevices": 4,
        "removeThrottles": 4,
        "removeFullBuckets": 4,
        "removeIdempotencyKeys": 4,
        "removeOldMailHistory": 4,
    }
    assert await counts(witness) == {
        "charge": 1,
        "delivery": 2,
        "idempotency_key": 1,
        "one_time_link": 1,
        "recognised_device": 1,
        "session": 2,
        "throttle": 1,
    }
    assert 'sslm_removed_rows_total{step="removeEndedSessions"} 8.0' in render(metrics.registry).decode()
    again = await maintenance.run()
    assert set(again.values()) == {0}


@pytest.mark.clause("6.1-a")
async def test_each_batch_leaves_a_record_with_counts_and_no_name(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance
) -> None:
    person, holder = await new_account(fresh_platform)
    await store(fresh_platform, [session_row(fresh_platform, person, holder.id)])
    await store(fresh_platform, expiring(fresh_platform, person, holder.id, timedelta(0)))
    fresh_platform.clock.advance(2 * DAY)
    await maintenance.run()
    events = {event["operation"]["name"]: event for event in await headers(witness)}
    sessions = events["removeEndedSessions"]
    assert sessions["kind"] == "administration"
    assert sessions["actor"] == {"pseudonym": None, "role": "job"}
    assert sessions["rows"] == {"session": 3}
    assert "session.address" in sessions["coordinates"]
    assert sessions["clauses"] == ["6.1-a"]
    # A row of an idempotency key tells nothing about anybody, so its end needs no record.
    assert "removeIdempotencyKeys" not in events


@pytest.mark.clause("6.1-a")
async def test_an_old_security_event_forgets_where_it_came_from(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance
) -> None:
    person, _ = await new_account(fresh_platform)
    now = fresh_platform.clock.now()
    addresses = ["192.0.2.77", "2001:db8:1:2::9", "", "no address", "192.0.2.0", "::ffff:192.0.2.77", "10.0.0.1"]
    await store(
        fresh_platform,
        [
            SecurityEventRow(
                id=UUID(int=number),
                data_subject_id=person.id,
                kind="signed_in",
                succeeded=True,
                address=address,
                user_agent="Browser/1" if number != 6 else "",
                at=now,
                expires_at=now + 20 * DAY,
            )
            for number, address in enumerate(addresses)
        ],
    )
    assert (await maintenance.run())["shortenSecurityEvents"] == 0
    fresh_platform.clock.advance(20 * DAY)
    assert (await maintenance.run())["shortenSecurityEvents"] == 7
    rows = await witness.fetch("select address, user_agent from security_event order by id")
    assert [row["address"] for row in rows] == [
        "192.0.2.0/24",
        "2001:db8:1::/48",
        "",
        "",
        "192.0.2.0/24",
        "192.0.2.0/24",
        "10.0.0.0/24",
    ]
    assert {row["user_agent"] for row in rows} == {""}
    assert (await maintenance.run())["shortenSecurityEvents"] == 0


@pytest.mark.clause("6.1-a")
async def test_an_unverified_sign_up_ends_with_everything_about_it(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance
) -> None:
    kept, _ = await new_account(fresh_platform)
    people = []
    for _ in range(7):
        person, holder = await new_account(fresh_platform, verified=False)
        await store(
            fresh_platform,
            [
                OneTimeLinkRow(
                    secret_hash=secret(),
                    account_id=holder.id,
                    kind="verify_email",
                    created_at=fresh_platform.clock.now(),
                    expires_at=fresh_platform.clock.now() + 100 * DAY,
                ),
                delivery(fresh_platform, person, "sent", 700 * DAY),
            ],
        )
        people.append(person)
    sealed = await fresh_platform.keys.seal(people[0].id, b"x", "c")
    fresh_platform.clock.advance(7 * DAY - timedelta(seconds=1))
    assert (await maintenance.run())["removeUnverifiedAccounts"] == 0
    fresh_platform.clock.advance(timedelta(seconds=1))
    assert (await maintenance.run())["removeUnverifiedAccounts"] == 7
    for table, left in (("account", 1), ("one_time_link", 0), ("delivery", 0)):
        assert await witness.fetchval(f"select count(*) from {table}") == left  # noqa: S608
    assert await witness.fetchval("select pseudonym from data_subject") == kept.pseudonym
    with pytest.raises(DataSubjectErased):
        await fresh_platform.keys.unseal(people[0].id, sealed, "c")
    assert await fresh_platform.keys.seal(kept.id, b"x", "c")
    events = [event for event in await headers(witness) if event["operation"]["name"] == "removeUnverifiedAccounts"]
    assert sorted(event["rows"]["account"] for event in events) == [1, 3, 3]
    named = {name for event in events for name in event["data_subjects"]}
    assert named == {str(person.pseudonym) for person in people}


async def test_a_key_that_a_crash_left_behind_is_destroyed(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance
) -> None:
    lost = [await make_person(fresh_platform.works) for _ in range(5)]
    kept = await make_person(fresh_platform.works)
    await witness.execute("delete from data_subject where id <> $1", kept.id)
    assert (await maintenance.run())["destroyOrphanedKeys"] == 0
    fresh_platform.clock.advance(DAY)
    assert (await maintenance.run())["destroyOrphanedKeys"] == 5
    for person in lost:
        with pytest.raises(DataSubjectErased):
            await fresh_platform.keys.seal(person.id, b"x", "c")
    assert await fresh_platform.keys.seal(kept.id, b"x", "c")


async def test_a_failure_half_way_is_made_good_by_the_next_run(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance
) -> None:
    person, holder = await new_account(fresh_platform)
    for _ in range(5):
        await store(fresh_platform, expiring(fresh_platform, person, holder.id, timedelta(0)))
    fresh_platform.clock.advance(2 * DAY)
    owner = await asyncpg.connect(fresh_platform.urls.owner.plain)
    # The seventh session cannot be deleted, as if the machine had died there.
    await owner.execute(
        """
        create function refuse() returns trigger language plpgsql as $$
        begin
            if (select count(*) from session) <= 4 then raise exception 'refused'; end if;
            return old;
        end $$;
        create trigger refuse before delete on session for each row execute function refuse()
        """
    )
    with pytest.raises(Exception, match="refused"):
        await maintenance.run()
    gone = 10 - await witness.fetchval("select count(*) from session")
    recorded = sum(event["rows"]["session"] for event in await headers(witness))
    assert 0 < gone == recorded
    await owner.execute("drop trigger refuse on session")
    await owner.close()
    await maintenance.run()
    assert await witness.fetchval("select count(*) from session") == 0


async def test_partitions_are_made_ahead(
    fresh_platform: Platform, witness: asyncpg.Connection, maintenance: Maintenance
) -> None:
    owner = await asyncpg.connect(fresh_platform.urls.owner.plain)
    count = "select count(*) from pg_inherits where inhparent = 'audit_event'::regclass"
    before = await owner.fetchval(count)
    newest = await owner.fetchval(
        "select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'audit_event'::regclass"
    )
    await owner.execute(f"drop table {newest}")
    await owner.close()
    await maintenance.run()
    assert await witness.fetchval("select to_regclass($1)::text", newest) == newest
    assert await witness.fetchval(count) >= before
