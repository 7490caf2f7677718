"""What ends connections from outside: the credential, the clock, the process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.graphql.nodes import row_id
from api.http.watch import LOOKS_EVERY
from api.models import AccountRow, ApiTokenRow, SessionRow
from tests.integration.auth.people import api_token_of
from tests.integration.live.running import CERTIFICATES, ORDER, Served, node_id
from tests.support.platform import ORIGIN
from tests.support.tenants import tenant


def test_the_promise_of_five_seconds_has_room() -> None:
    assert LOOKS_EVERY <= 4


async def test_a_revoked_token_closes_its_sockets(live: Served) -> None:
    carol = await tenant(live.site, "canarycarol")
    token_id = row_id(carol.ids["ApiToken"], "ApiToken")
    async with live.talk(carol.api_token) as talk, live.talk(carol.api_token) as other:
        await talk.subscribe(CERTIFICATES)
        await live.change(
            update(ApiTokenRow).where(ApiTokenRow.id == token_id).values(revoked_at=live.site.core.clock.now())
        )
        async with asyncio.timeout(5):
            assert await talk.closed() == (4403, "Forbidden")
            assert await other.closed() == (4403, "Forbidden")
    await live.followers(0)


async def test_a_notice_closes_at_once(live: Served) -> None:
    """The watch is told to look only every hour; the notice makes it look now."""
    dave = await tenant(live.site, "canarydave")
    token_id = row_id(dave.ids["ApiToken"], "ApiToken")
    with live.notices_alone():
        async with live.talk(dave.api_token) as talk, live.site.superuser() as connection:
            await live.settled()  # what was announced of dave before
            await talk.silent()
            await live.change(
                update(ApiTokenRow).where(ApiTokenRow.id == token_id).values(revoked_at=live.site.core.clock.now())
            )
            await talk.silent()
            await connection.execute("select pg_notify('sslm_credentials', $1)", str(token_id))
            assert await talk.closed() == (4403, "Forbidden")


async def test_a_notice_of_the_account_closes_at_once(live: Served) -> None:
    """Whatever the caller refers to may be announced; the rows decide whether they are still who they were."""
    heidi = await tenant(live.site, "canaryheidi")
    account_id = heidi.someone.account_id
    with live.notices_alone():
        async with live.talk(heidi.api_token) as talk, live.site.superuser() as connection:
            for notice in (str(account_id), "no id", str(row_id(heidi.ids["Order"], "Order"))):
                await connection.execute("select pg_notify('sslm_credentials', $1)", notice)
            await talk.silent()
            await live.change(
                update(AccountRow).where(AccountRow.id == account_id).values(closed_at=live.site.core.clock.now())
            )
            await connection.execute("select pg_notify('sslm_credentials', $1)", str(account_id))
            assert await talk.closed() == (4403, "Forbidden")


async def test_a_session_that_ends_closes_its_sockets(live: Served) -> None:
    erin = await tenant(live.site, "canaryerin")
    session_id = row_id(erin.ids["Session"], "Session")
    cookie = erin.browser.headers()["cookie"]
    async with live.raw(additional_headers={"cookie": cookie}, origin=ORIGIN) as talk:
        await talk.send({"type": "connection_init"})
        await talk.receive()
        await live.change(
            update(SessionRow)
            .where(SessionRow.id == session_id)
            .values(expires_at=live.site.core.clock.now() + timedelta(milliseconds=300))
        )
        async with asyncio.timeout(5):
            assert await talk.closed() == (4403, "Forbidden")


async def test_an_event_after_the_end_is_not_told(live: Served) -> None:
    """Without the watch: the event itself finds that the credential has ended."""
    frank = await tenant(live.site, "canaryfrank")
    order_id = await live.order(frank)
    async with live.talk(frank.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        await talk.data()
        await live.change(
            update(AccountRow)
            .where(AccountRow.id == frank.someone.account_id)
            .values(closed_at=live.site.core.clock.now())
        )
        await live.move(order_id, state="VALIDATING")
        assert await talk.closed() == (4403, "Forbidden")


async def test_a_stream_says_that_its_credential_ended(live: Served) -> None:
    gina = await tenant(live.site, "canarygina")
    token_id, token = await api_token_of(
        live.site.platform,
        gina.someone,
        scopes=["certificates:read"],
        expires_at=live.site.core.clock.now() + timedelta(seconds=1),
    )
    assert token_id
    async with live.stream(CERTIFICATES, token.text) as events:
        name, told = await events.next()
        assert (name, told["errors"][0]["extensions"]["code"]) == ("next", "CREDENTIAL_REFUSED")
        assert await events.next() == ("complete", None)
    await live.followers(0)


async def test_a_process_that_stops_says_so(own_live: Served) -> None:
    alice = await tenant(own_live.site, "canaryalice")
    async with own_live.talk(alice.api_token) as talk, own_live.stream(CERTIFICATES, alice.api_token) as events:
        await talk.subscribe(CERTIFICATES)
        await own_live.followers(2)
        inner = own_live.site.app._app
        await asyncio.gather(inner._socket.close(), inner._stream.close())
        with pytest.raises(ConnectionClosed) as closed:
            await talk.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        with pytest.raises(EOFError):
            await events.next()
    await own_live.followers(0)
    with pytest.raises(InvalidStatus) as refused:
        async with own_live.raw():
            pass
    assert refused.value.response.status_code == 503
    async with own_live.stream(CERTIFICATES, alice.api_token) as events:
        assert events.response.status_code == 503
