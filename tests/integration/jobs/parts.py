"""What the tests of jobs share: a person with a queued mail, two templates, a transport that remembers."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import insert

from api.mail.outbox import queue_mail
from api.mail.registry import MailTag, MailTemplate
from api.mail.rendering import FOLDER, MailIdentity, MailRenderer
from api.models import GOVERNANCE
from api.viewer import JOB
from api.work import Works
from governance.audit.event import Person
from governance.ids import DataSubjectId, new_id, new_pseudonym

TEMPLATES = {
    "hello": MailTemplate(MailTag.SERVICE, frozenset({"name"})),
    "news": MailTemplate(MailTag.MARKETING, frozenset({"name"})),
}
IDENTITY = MailIdentity(
    sender="platform@example.test",
    site_name="Site",
    site_url="https://site.example.test",
    support_address="support@example.test",
    operator="Operator Company",
)


def renderer_in(folder: Path) -> MailRenderer:
    """Write two templates into the folder and return what renders them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TEMPLATES:
        (folder / f"{name}.en.txt").write_text("Subject: Hello\n\nDear {{ name }}\n")
    (folder / "_layout.en.txt").write_text((FOLDER / "_layout.en.txt").read_text())
    return MailRenderer(IDENTITY, folder=folder, templates=TEMPLATES)


async def make_person(works: Works) -> Person:
    person = Person(DataSubjectId(new_id(works.clock)), new_pseudonym())
    await works.keys.create(person.id)
    async with works.sessions.write() as session:
        await session.execute(
            insert(GOVERNANCE.data_subject).values(
                id=person.id, kind="holder", pseudonym=person.pseudonym, created_at=works.clock.now()
            )
        )
    return person


async def queue_hello(
    works: Works, person: Person, *, template: str = "hello", name: str = "Ada", recipient: str = "ada@example.test"
) -> UUID:
    async with works.open(JOB) as work:
        return await queue_mail(work, person, template, recipient=recipient, language="en", values={"name": name})


class Remembering:
    """A transport that keeps messages, or fails as told."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.failures: list[Exception] = []
        self.sent = asyncio.Event()

    async def send(self, message: EmailMessage) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.messages.append(message)
        self.sent.set()


async def eventually(connection: asyncpg.Connection, query: str, wanted: Any) -> None:
    """Ask until the answer is as wanted; the test's own time limit ends it otherwise."""
    while await connection.fetchval(query) != wanted:  # noqa: ASYNC110 - the database is the only witness
        await asyncio.sleep(0.02)
