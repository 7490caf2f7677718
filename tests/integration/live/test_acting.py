"""Following something for somebody else: under a grant, recorded as such, and ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import update

from api.accounts.grants import revoke_access_grant
from api.accounts.partners import disable_partner
from api.accounts.staff import OPERATOR
from api.models import AccessGrantRow, RecipientRow
from tests.factories.partners import Organisation, act_for, granted, organisation, signed_in, teammate_of
from tests.integration.live.running import CERTIFICATES, ORDER, Served, node_id
from tests.support.platform import ORIGIN
from tests.support.tenants import Tenant, tenant

_number = count()


async def acting(live: Served) -> tuple[Tenant, Organisation, AccessGrantRow]:
    """Let a partner act for a holder; every test has both of its own."""
    number = next(_number)
    whose = await tenant(live.site, f"canarygranting{number}")
    acme = await organisation(live.site.platform, f"acme-{number}")
    return whose, acme, await granted(live.site.platform, whose.someone, acme)


@contextmanager
def nothing_heard(live: Served) -> Iterator[None]:
    """Have the watch hear no notice, as when they are lost."""
    watch = live.endpoint.live.watch
    named, watch._named = watch._named, type(watch._named)(set)
    try:
        yield
    finally:
        watch._named = named


async def test_a_partner_follows_what_it_was_granted_on_record(live: Served) -> None:
    whose, acme, grant = await acting(live)
    order_id = await live.order(whose)
    async with live.talk(acme.api_token, **{"Sslm-Act-For": act_for(grant)}) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        assert (await talk.data())["orderProgress"]["state"] == "PENDING"
        await live.move(order_id, state="VALIDATING")
        assert (await talk.data())["orderProgress"]["state"] == "VALIDATING"
    async with live.site.superuser() as connection:
        recorded = await connection.fetchval(
            "select count(*) from audit_event where header like $1 and header like $2 and header like $3",
            '%"orderProgress"%',
            '%"kind":"recipient"%',
            f"%{whose.someone.person.pseudonym}%",
        )
        shown = await connection.fetchval(
            "select count(*) from disclosure where account_id = $1 and recipient = $2",
            whose.someone.account_id,
            acme.partner.recipient.code,
        )
    assert (shown, recorded) == (2, 2)


@pytest.mark.parametrize("named", ["", "no id", 7])
async def test_a_grant_that_does_not_hold_opens_nothing(live: Served, named: object) -> None:
    _, acme, _ = await acting(live)
    async with live.raw() as talk:
        payload = {"authorization": f"Bearer {acme.api_token}", "sslm-act-for": named}
        await talk.send({"type": "connection_init", "payload": payload})
        assert await talk.closed() == (4403, "Forbidden")


async def test_a_revoked_grant_closes_its_sockets_and_no_others(live: Served) -> None:
    whose, acme, grant = await acting(live)
    other = await granted(live.site.platform, (await acting(live))[0].someone, acme, "k-2")
    async with (
        live.talk(acme.api_token, **{"sslm-act-for": act_for(grant)}) as talk,
        live.talk(acme.api_token, **{"sslm-act-for": act_for(other)}) as staying,
        live.stream(CERTIFICATES, acme.api_token, act_for=act_for(grant)) as events,
    ):
        await talk.subscribe(CERTIFICATES)
        async with live.site.core.works.open(signed_in(live.site.platform, whose.someone)) as work:
            await revoke_access_grant(work, grant.id)
        async with asyncio.timeout(5):
            assert await talk.closed() == (4403, "Forbidden")
            _, told = await events.next()
        assert told["errors"][0]["extensions"]["code"] == "CREDENTIAL_REFUSED"
        await staying.silent()


async def test_a_notice_of_the_grant_closes_at_once(live: Served) -> None:
    _, acme, grant = await acting(live)
    with live.notices_alone():
        async with live.talk(acme.api_token, **{"sslm-act-for": act_for(grant)}) as talk:
            await live.change(
                update(AccessGrantRow)
                .where(AccessGrantRow.id == grant.id)
                .values(revoked_at=live.site.core.clock.now())
            )
            async with asyncio.timeout(2):
                assert await talk.closed() == (4403, "Forbidden")


@pytest.mark.parametrize("what", ["grant", "entry"])
async def test_an_end_nobody_heard_of_is_found_within_five_seconds(live: Served, what: str) -> None:
    _, acme, grant = await acting(live)
    now = live.site.core.clock.now()
    async with live.talk(acme.api_token, **{"sslm-act-for": act_for(grant)}) as talk:
        with nothing_heard(live):
            await live.change(
                update(AccessGrantRow).where(AccessGrantRow.id == grant.id).values(revoked_at=now)
                if what == "grant"
                else update(RecipientRow).where(RecipientRow.id == acme.partner.recipient.id).values(ended_at=now)
            )
            async with asyncio.timeout(5):
                assert await talk.closed() == (4403, "Forbidden")


async def test_a_grant_that_ends_by_itself_closes_its_sockets(live: Served) -> None:
    _, acme, grant = await acting(live)
    ends = live.site.core.clock.now() + timedelta(milliseconds=700)
    await live.change(update(AccessGrantRow).where(AccessGrantRow.id == grant.id).values(until=ends))
    async with live.talk(acme.api_token, **{"sslm-act-for": act_for(grant)}) as talk:
        async with asyncio.timeout(5):
            assert await talk.closed() == (4403, "Forbidden")


async def test_a_partner_that_is_shut_out_loses_its_sockets(live: Served) -> None:
    _, acme, grant = await acting(live)
    async with live.talk(acme.api_token, **{"sslm-act-for": act_for(grant)}) as talk, live.talk(acme.api_token) as idle:
        async with live.site.core.works.open(OPERATOR) as work:
            await disable_partner(work, acme.partner.recipient.code)
        async with asyncio.timeout(5):
            assert await talk.closed() == (4403, "Forbidden")
            assert await idle.closed() == (4403, "Forbidden")


async def test_a_teammate_in_a_browser_follows_under_a_grant(live: Served) -> None:
    number = next(_number)
    whose, mate = await tenant(live.site, f"canaryhost{number}"), await tenant(live.site, f"canarymate{number}")
    grant = await teammate_of(live.site.platform, whose.someone, mate.someone, f"canarymate{number}@example.org")
    order_id = await live.order(whose)
    cookie = mate.browser.headers()["cookie"]
    async with live.raw(additional_headers={"cookie": cookie}, origin=ORIGIN) as talk:
        await talk.send({"type": "connection_init", "payload": {"Sslm-Act-For": act_for(grant)}})
        assert await talk.receive() == {"type": "connection_ack"}
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        assert (await talk.data())["orderProgress"]["names"] == [f"canaryhost{number}.example.org"]
        async with live.site.core.works.open(signed_in(live.site.platform, whose.someone)) as work:
            await revoke_access_grant(work, grant.id)
        async with asyncio.timeout(5):
            assert await talk.closed() == (4403, "Forbidden")
