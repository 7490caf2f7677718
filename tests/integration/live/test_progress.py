"""Orders and certificates followed end to end: real rows, real notices, a real server and client."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, update

from api.certificates.agents import AgentReport, HostFacts, ReportedInstallation, report_agent
from api.graphql.nodes import row_id
from api.models import AuthorizationRow, CertificateId, CertificateRow
from tests.integration.live.running import CERTIFICATES, ORDER, Served, node_id
from tests.support.tenants import Tenant, tenant


async def test_an_order_is_told_now_and_at_each_change_until_it_ends(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        assert (await talk.data())["orderProgress"]["state"] == "PENDING"
        await live.move(order_id, state="VALIDATING")
        assert (await talk.data())["orderProgress"]["state"] == "VALIDATING"
        await live.move(order_id, state="VALID", ended_at=live.site.core.clock.now())
        last = (await talk.data())["orderProgress"]
        assert (last["state"], last["endedAt"] is not None) == ("VALID", True)
        assert await talk.receive() == {"type": "complete", "id": "one"}


async def test_what_nobody_sees_is_not_told(live: Served, alice: Tenant) -> None:
    """A worker's lease changes the row and tells nothing."""
    order_id = await live.order(alice)
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        await talk.data()
        await live.move(order_id, generation=7, next_action_at=live.site.core.clock.now(), state="PENDING")
        await live.move(order_id, state="INVALID")
        assert (await talk.data())["orderProgress"]["state"] == "INVALID"
        await talk.silent()


async def test_the_status_of_a_proof_is_told(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)
    proof = {"order_id": order_id, "position": 0, "url": "https://ca.invalid/a", "status": "pending", "wildcard": False}
    await live.change(insert(AuthorizationRow).values(proof))
    document = "subscription($id: ID!) { orderProgress(orderId: $id) { authorizations { status } } }"
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(document, id=node_id("Order", order_id))
        assert await talk.data() == {"orderProgress": {"authorizations": [{"status": "pending"}]}}
        await live.change(update(AuthorizationRow).where(AuthorizationRow.order_id == order_id).values(status="valid"))
        assert await talk.data() == {"orderProgress": {"authorizations": [{"status": "valid"}]}}


async def test_an_ended_order_is_told_once(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice, state="INVALID", ended_at=live.site.core.clock.now())
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        assert (await talk.data())["orderProgress"]["state"] == "INVALID"
        assert await talk.receive() == {"type": "complete", "id": "one"}


async def test_what_is_not_yours_is_like_what_is_not_there(live: Served, alice: Tenant, bob: Tenant) -> None:
    foreign = node_id("Order", await live.order(bob))
    nothing = node_id("Order", row_id(alice.ids["Certificate"], "Certificate"))  # type: ignore[arg-type]
    async with live.talk(alice.api_token) as talk:
        for wanted in (foreign, nothing, "no id at all", alice.ids["Certificate"], bob.ids["Order"]):
            await talk.subscribe(ORDER, id=wanted)
            assert await talk.data() == {"orderProgress": None}
            assert await talk.receive() == {"type": "complete", "id": "one"}
        document = "subscription($id: ID!) { certificateProgress(certificateId: $id) { id } }"
        for wanted in (bob.ids["Certificate"], "", "x"):
            await talk.subscribe(document, id=wanted)
            assert await talk.data() == {"certificateProgress": None}
            assert await talk.receive() == {"type": "complete", "id": "one"}


async def test_certificates_are_told_when_issued_revoked_and_installed(live: Served, alice: Tenant) -> None:
    now = live.site.core.clock.now()
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(CERTIFICATES)
        await live.followers(1)
        leaf = CertificateId(await live.certificate(alice))
        told = (await talk.data())["certificateProgress"]
        assert (told["id"], told["revokedAt"]) == (node_id("Certificate", leaf), None)
        await live.change(update(CertificateRow).where(CertificateRow.id == leaf).values(revoked_at=now))
        assert (await talk.data())["certificateProgress"]["revokedAt"] is not None
        for _ in range(2):  # the second report says nothing new
            await _report(live, alice, leaf, now - timedelta(hours=1))
        told = [(await talk.data())["certificateProgress"] for _ in range(2)]
        assert {one["id"]: one["installations"] for one in told} == {
            alice.ids["Certificate"]: [],  # the report does not name its place any more
            node_id("Certificate", leaf): [{"targetName": "place"}],
        }
        await _report(live, alice, leaf, now)
        await talk.data()
        await talk.silent()


async def _report(live: Served, whose: Tenant, leaf: CertificateId, installed_at: object) -> None:
    facts = HostFacts("host", "Debian 12", "0.1.0")
    one = ReportedInstallation(leaf, leaf.hex * 2, "place", installed_at)  # type: ignore[arg-type]
    agent_id = row_id(whose.ids["Agent"], "Agent")
    async with live.site.core.works.open(whose.someone.viewer) as work:
        await report_agent(work, AgentReport(agent_id, facts, [one]))  # type: ignore[arg-type]


async def test_a_removed_row_ends_its_stream(live: Served, alice: Tenant) -> None:
    leaf = await live.certificate(alice)
    document = "subscription($id: ID!) { certificateProgress(certificateId: $id) { id } }"
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(document, id=node_id("Certificate", leaf))
        assert (await talk.data())["certificateProgress"] is not None
        await live.change(CertificateRow.__table__.delete().where(CertificateRow.id == leaf))  # type: ignore[attr-defined]
        assert await talk.data() == {"certificateProgress": None}
        assert await talk.receive() == {"type": "complete", "id": "one"}


async def test_nothing_of_another_account_ever_arrives(live: Served, alice: Tenant, bob: Tenant) -> None:
    theirs, own = await live.order(bob), await live.order(alice)
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(CERTIFICATES, "certificates")
        await talk.subscribe(ORDER, "order", id=node_id("Order", own))
        assert (await talk.data("order"))["orderProgress"]["id"] == node_id("Order", own)
        await live.followers(2)
        for state in ("VALIDATING", "FINALIZING", "INVALID"):
            await live.move(theirs, state=state)
            await live.certificate(bob)
        await live.move(own, state="VALIDATING")
        assert (await talk.data("order"))["orderProgress"]["state"] == "VALIDATING"
        await talk.silent()


async def test_many_changes_while_nobody_reads_are_few_events(live: Served, alice: Tenant) -> None:
    order_id = await live.order(alice)
    async with live.talk(alice.api_token) as talk:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        await talk.data()
        for number in range(40):
            await live.move(order_id, resume_at=live.site.core.clock.now() + timedelta(seconds=number))
        await live.move(order_id, state="INVALID", ended_at=live.site.core.clock.now())
        seen = []
        while (message := await talk.receive())["type"] == "next":
            seen.append(message["payload"]["data"]["orderProgress"]["state"])
        assert message == {"type": "complete", "id": "one"}
        assert seen[-1] == "INVALID"
        assert len(seen) <= 42


async def test_after_a_lost_connection_everybody_looks_again(own_live: Served) -> None:
    """What was announced while nobody listened is found by looking."""
    alice = await tenant(own_live.site, "canaryalice")
    order_id = await own_live.order(alice)
    async with own_live.talk(alice.api_token) as talk, own_live.site.superuser() as connection:
        await talk.subscribe(ORDER, id=node_id("Order", order_id))
        await talk.subscribe(CERTIFICATES, "certificates")
        await talk.data()
        await own_live.followers(2)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'sslm listening' and datname = current_database()"
        )
        await connection.execute("update certificate_order set state = 'VALIDATING' where id = $1", order_id)
        leaf = await own_live.certificate(alice)
        wanted = {"VALIDATING", node_id("Certificate", leaf)}
        while wanted:
            message = await talk.receive()
            data = message["payload"]["data"]
            order, certificate = data.get("orderProgress"), data.get("certificateProgress")
            wanted -= {order["state"]} if order else {certificate["id"]}
