"""Queue a mail in the transaction of the change it tells of. Recipient and values are sealed under the person's key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from api.db.sessions import announce_due
from api.models import DeliveryId, DeliveryRow
from api.work import Work
from governance.audit.event import Person
from governance.ids import new_id

SEALED_CONTEXT: Final = "delivery.content"


class MailContent(msgspec.Struct, frozen=True):
    """What a template needs: where to, in which language, and the values it names."""

    recipient: str
    language: str
    values: dict[str, str]


async def queue_mail(
    work: Work, person: Person, template: str, *, recipient: str, language: str, values: Mapping[str, str]
) -> DeliveryId:
    """Add a mail that is due at once; it leaves only if the transaction commits, and then at least once."""
    content = msgspec.json.encode(MailContent(recipient, language, dict(values)))
    now = work.clock.now()
    row = DeliveryRow(
        id=DeliveryId(new_id(work.clock)),
        data_subject_id=person.id,
        template=template,
        content=await work.keys.seal(person.id, content, SEALED_CONTEXT),
        status="waiting",
        attempts=0,
        created_at=now,
        next_action_at=now,
        generation=0,
    )
    work.session.add(row)
    await announce_due(work.session, DeliveryRow.__tablename__)
    return row.id
