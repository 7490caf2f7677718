"""A queued mail leaves once for each claim, says how it ended, and forgets its words when it is done."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.jobs.deliveries import LEASE, Deliveries, deliveries_source
from api.jobs.due import DueScanner
from api.kit.metrics import Metrics, render
from api.mail.rendering import MailRenderer
from api.mail.sending import MailDeferred, MailRefused, MailTransport, open_transport
from tests.integration.conftest import Platform
from tests.integration.jobs.parts import Remembering, make_person, queue_hello
from tests.integration.mail.servers import smtp_server


class Outbox:
    """The parts around one delivery."""

    def __init__(
        self, platform: Platform, renderer: MailRenderer, metrics: Metrics, witness: asyncpg.Connection
    ) -> None:
        self.platform = platform
        self.metrics = metrics
        self.renderer = renderer
        self.witness = witness

    def sender(self, transport: MailTransport) -> Deliveries:
        return Deliveries(
            works=self.platform.works,
            renderer=self.renderer,
            transport=transport,
            metrics=self.metrics,
            chance=lambda: 0.5,
        )

    async def claim(self, transport: MailTransport) -> None:
        """Claim what is due as the scanner does."""
        source = deliveries_source(self.sender(transport))
        platform = self.platform
        await DueScanner(platform.urls.application, platform.sessions, platform.clock, [source], self.metrics).scan()

    async def attempt(self, delivery: UUID, transport: MailTransport) -> None:
        await self.claim(transport)
        generation = await self.witness.fetchval("select generation from delivery where id = $1", delivery)
        await self.sender(transport).send(delivery, generation)

    async def row(self, delivery: UUID) -> dict[str, Any]:
        return dict(await self.witness.fetchrow("select * from delivery where id = $1", delivery) or {})

    async def headers(self) -> list[dict[str, Any]]:
        return [json.loads(row["header"]) for row in await self.witness.fetch("select header from audit_event")]


@pytest.fixture
def outbox(fresh_platform: Platform, renderer: MailRenderer, metrics: Metrics, witness: asyncpg.Connection) -> Outbox:
    return Outbox(fresh_platform, renderer, metrics, witness)


async def test_a_sent_mail_forgets_its_content(outbox: Outbox) -> None:
    person = await make_person(outbox.platform.works)
    delivery = await queue_hello(outbox.platform.works, person)
    async with smtp_server() as mailbox:
        transport = open_transport(f"smtp://127.0.0.1:{mailbox.port}")
        await outbox.attempt(delivery, transport)
        await outbox.sender(transport).send(delivery, 1)
    assert [message["Message-ID"] for message in mailbox.messages] == [f"<{delivery}@example.test>"]
    assert "Dear Ada" in mailbox.messages[0].get_content()
    row = await outbox.row(delivery)
    assert (row["status"], row["content"], row["next_action_at"], row["attempts"]) == ("sent", None, None, 1)
    assert row["sent_at"] == outbox.platform.clock.now()


@pytest.mark.clause("X-5")
async def test_each_attempt_is_recorded_before_it_leaves(outbox: Outbox) -> None:
    person = await make_person(outbox.platform.works)
    delivery = await queue_hello(outbox.platform.works, person)
    seen: list[list[dict[str, Any]]] = []

    class Watching(Remembering):
        async def send(self, message: Any) -> None:
            seen.append(await outbox.headers())

    await outbox.attempt(delivery, Watching())
    (event,) = seen[0]
    assert event["operation"]["name"] == "sendMail"
    assert event["kind"] == "recipient"
    assert event["data_subjects"] == [str(person.pseudonym)]
    assert event["coordinates"] == ["delivery.content"]
    assert "ada@example.test" not in json.dumps(event)


async def test_no_record_no_mail(outbox: Outbox, transport: Remembering) -> None:
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))
    await outbox.claim(transport)
    owner = await asyncpg.connect(outbox.platform.urls.owner.plain)
    await owner.execute("revoke insert on audit_event from sslm_app")
    with pytest.raises(Exception, match="record"):
        await outbox.sender(transport).send(delivery, 1)
    await owner.close()
    assert transport.messages == []
    assert (await outbox.row(delivery))["attempts"] == 0


async def test_a_temporary_failure_is_tried_again_with_the_same_message_id(
    outbox: Outbox, transport: Remembering
) -> None:
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))
    transport.failures += [MailDeferred("later", reply_code=451), MailDeferred("later")]
    for attempt, minutes in ((1, 1), (2, 2)):
        await outbox.attempt(delivery, transport)
        row = await outbox.row(delivery)
        assert (row["status"], row["attempts"]) == ("waiting", attempt)
        assert row["next_action_at"] == outbox.platform.clock.now() + timedelta(minutes=minutes)
        outbox.platform.clock.advance(timedelta(minutes=minutes))
    assert (await outbox.row(delivery))["error"] == "MAIL_NOT_SENT 0"
    await outbox.attempt(delivery, transport)
    assert (await outbox.row(delivery))["status"] == "sent"
    assert [message["Message-ID"] for message in transport.messages] == [f"<{delivery}@example.test>"]


async def test_after_five_days_it_is_given_up(outbox: Outbox, transport: Remembering) -> None:
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))
    attempts = 0
    while (row := await outbox.row(delivery))["status"] == "waiting":
        transport.failures.append(MailDeferred("later", reply_code=421))
        outbox.platform.clock.advance(max(row["next_action_at"] - outbox.platform.clock.now(), timedelta(0)))
        await outbox.attempt(delivery, transport)
        attempts += 1
    assert (row["status"], row["content"], row["next_action_at"]) == ("failed", None, None)
    assert outbox.platform.clock.now() - row["created_at"] <= timedelta(days=5)
    assert outbox.platform.clock.now() - row["created_at"] > timedelta(days=4.7)
    assert attempts == row["attempts"] < 30


async def test_a_permanent_refusal_ends_it(outbox: Outbox, transport: Remembering) -> None:
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))
    transport.failures.append(MailRefused("never", reply_code=550))
    await outbox.attempt(delivery, transport)
    row = await outbox.row(delivery)
    assert (row["status"], row["content"], row["error"]) == ("failed", None, "MAIL_NOT_SENT 550")


async def test_an_impossible_recipient_ends_it(outbox: Outbox, transport: Remembering) -> None:
    works = outbox.platform.works
    attack = "ada@example.test\r\nBcc: other@example.test"
    delivery = await queue_hello(works, await make_person(works), recipient=attack)
    await outbox.attempt(delivery, transport)
    row = await outbox.row(delivery)
    assert (row["status"], row["content"], row["error"]) == ("failed", None, "MAIL_RECIPIENT_REFUSED")
    assert transport.messages == []


async def test_a_mail_to_an_erased_person_never_leaves(outbox: Outbox, transport: Remembering) -> None:
    person = await make_person(outbox.platform.works)
    delivery = await queue_hello(outbox.platform.works, person)
    await outbox.platform.keys.destroy(person.id)
    await outbox.attempt(delivery, transport)
    row = await outbox.row(delivery)
    assert (row["status"], row["content"], row["error"]) == ("failed", None, "DATA_SUBJECT_ERASED")
    assert transport.messages == []


@pytest.mark.clause("2.3-a")
async def test_marketing_without_consent_never_leaves_and_is_counted(outbox: Outbox, transport: Remembering) -> None:
    works = outbox.platform.works
    delivery = await queue_hello(works, await make_person(works), template="news")
    await outbox.attempt(delivery, transport)
    assert transport.messages == []
    assert (await outbox.row(delivery))["error"] == "NO_CONSENT"
    assert [event["outcome"] for event in await outbox.headers()] == ["denied"]
    counted = render(outbox.metrics.registry).decode()
    assert 'sslm_deliveries_total{outcome="refused",tag="marketing"} 1.0' in counted


async def test_a_template_of_another_release_waits(outbox: Outbox, transport: Remembering) -> None:
    works = outbox.platform.works
    delivery = await queue_hello(works, await make_person(works), template="of_tomorrow")
    await outbox.attempt(delivery, transport)
    row = await outbox.row(delivery)
    assert (row["status"], row["error"]) == ("waiting", "MAIL_NOT_RENDERED")
    assert row["content"] is not None


async def test_a_lost_claim_sends_nothing(outbox: Outbox, transport: Remembering) -> None:
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))
    await outbox.claim(transport)
    outbox.platform.clock.advance(LEASE)
    await outbox.claim(transport)
    await outbox.sender(transport).send(delivery, 1)
    assert transport.messages == []
    await outbox.sender(transport).send(delivery, 2)
    assert len(transport.messages) == 1


async def test_a_claim_lost_while_sending_stores_nothing(outbox: Outbox) -> None:
    """The mail left, but another claim owns the row by now: it will repeat the mail, never undo its result."""
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))

    class Slow(Remembering):
        async def send(self, message: Any) -> None:
            outbox.platform.clock.advance(LEASE)
            await outbox.claim(self)
            raise MailRefused("too late to say", reply_code=550)

    await outbox.attempt(delivery, Slow())
    row = await outbox.row(delivery)
    assert (row["status"], row["generation"], row["error"]) == ("waiting", 2, None)
    assert row["content"] is not None


async def test_a_death_between_sending_and_storing_repeats_the_mail(outbox: Outbox, transport: Remembering) -> None:
    delivery = await queue_hello(outbox.platform.works, await make_person(outbox.platform.works))

    class Dying(Remembering):
        async def send(self, message: Any) -> None:
            transport.messages.append(message)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await outbox.attempt(delivery, Dying())
    assert (await outbox.row(delivery))["status"] == "waiting"
    outbox.platform.clock.advance(LEASE)
    await outbox.attempt(delivery, transport)
    assert [message["Message-ID"] for message in transport.messages] == [f"<{delivery}@example.test>"] * 2
    assert (await outbox.row(delivery))["status"] == "sent"


@pytest.mark.clause("X-6")
async def test_no_word_of_a_mail_reaches_the_queue_or_an_error(
    outbox: Outbox, transport: Remembering, tmp_path: Path
) -> None:
    works = outbox.platform.works
    delivery = await queue_hello(works, await make_person(works), name="marker-name", recipient="marker@example.test")
    transport.failures.append(MailDeferred("later"))
    await outbox.attempt(delivery, transport)
    for table in ("procrastinate_jobs", "procrastinate_events", "delivery", "audit_event", "audit_sealed_part"):
        for row in await outbox.witness.fetch(f"select t::text as line from {table} t"):  # noqa: S608
            assert "marker" not in row["line"]
            assert b"marker".hex() not in row["line"]
