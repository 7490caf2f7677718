"""What ends a connection under a grant, and what stays open: the grant alone ends, heard of or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
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
        assert told["errors"][0]["extensions"]["code"] == "GRANT_REFUSED"
        await staying.silent()


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
