"""A connection under a grant: it shows the holder's events, each a release on record, and ends with the grant."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from api.models import AccessGrantRow, DisclosureRow
from tests.factories.partners import act_for, granted, organisation
from tests.integration.live.running import CERTIFICATES, Served
from tests.support.tenants import tenant


@pytest.mark.clause("X-5")
async def test_a_partner_follows_the_holder_until_the_grant_is_revoked(live: Served) -> None:
    judy, mallory = await tenant(live.site, "canaryjudy"), await tenant(live.site, "canarymallory")
    acme = await organisation(live.site.platform, "live-acme")
    grant = await granted(live.site.platform, judy.someone, acme)
    init = {"Authorization": f"Bearer {acme.api_token}", "Sslm-Act-For": act_for(grant)}
    async with live.raw() as talk:
        await talk.send({"type": "connection_init", "payload": init})
        await talk.receive()
        await talk.subscribe(CERTIFICATES)
        await live.followers(1)
        await live.certificate(mallory)
        await live.certificate(judy)
        told = str(await talk.data())
        assert judy.shows_in(told)
        assert not mallory.shows_in(told)
        async with live.site.core.sessions.read() as session:
            count = select(func.count()).where(DisclosureRow.recipient == "live-acme")
            assert await session.scalar(count) == 1
        with live.notices_alone():
            await live.change(
                update(AccessGrantRow)
                .where(AccessGrantRow.id == grant.id)
                .values(revoked_at=live.site.core.clock.now())
            )
            assert await talk.closed() == (4403, "Forbidden")


async def test_a_grant_that_ends_by_itself_closes_what_was_opened_under_it(live: Served) -> None:
    niaj = await tenant(live.site, "canaryniaj")
    acme = await organisation(live.site.platform, "ending-acme")
    grant = await granted(live.site.platform, niaj.someone, acme)
    headers = {"Authorization": f"Bearer {acme.api_token}", "Sslm-Act-For": act_for(grant)}
    soon = live.site.core.clock.now() + timedelta(seconds=1)
    await live.change(update(AccessGrantRow).where(AccessGrantRow.id == grant.id).values(until=soon))
    async with live.raw(additional_headers=headers) as talk:
        await talk.send({"type": "connection_init"})
        await talk.receive()
        async with asyncio.timeout(6):
            assert await talk.closed() == (4403, "Forbidden")


async def test_a_grant_that_is_not_theirs_opens_no_connection(live: Served) -> None:
    olivia = await tenant(live.site, "canaryolivia")
    acme, rival = await organisation(live.site.platform, "one-acme"), await organisation(live.site.platform, "other")
    grant = await granted(live.site.platform, olivia.someone, acme)
    for named in (act_for(grant), "", 7, None):
        async with live.raw() as talk:
            init = {"Authorization": f"Bearer {rival.api_token}", "Sslm-Act-For": named}
            await talk.send({"type": "connection_init", "payload": init})
            if named is None:  # as if it were not there: a partner for nobody
                assert (await talk.receive())["type"] == "connection_ack"
            else:
                assert await talk.closed() == (4403, "Forbidden")
