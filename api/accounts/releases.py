"""What a partner was shown is recorded as a disclosure to that recipient, in the transaction of its audit event.

The rule: both are durable before the bytes leave, or nothing leaves (rule X-5, GDPR Art. 15(1)(c)). Each holder
spoken of gets a row of their own, whom the partner acts for or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import insert, select

from api.models import GOVERNANCE, AccountId, AccountRow, DisclosureRow
from api.viewer import Viewer
from api.work import Work, Works
from governance.audit.event import AuditEvent, EventKind, Person
from governance.errors import AuditUnavailable
from governance.ids import new_id

PURPOSE: Final = "acting_for_holder"
"""The word in disclosures; the recipient's entry in the register says for which purposes it may be."""
_PERSON: Final = GOVERNANCE.data_subject


@dataclass(frozen=True, slots=True)
class PartnerReleases:
    """Records releases; one for each process."""

    works: Works

    async def record(self, viewer: Viewer, event: AuditEvent) -> None:
        """Return when the event and its disclosures are durable; raise `AuditUnavailable` where they cannot be."""
        await record_release(self.works, viewer, event)


async def record_release(works: Works, viewer: Viewer, event: AuditEvent) -> None:
    """Write the event as one of a recipient, and a disclosure for each holder it speaks of, in one transaction.

    `event` is what would have been appended for anybody else. Raise `AuditUnavailable`; then release nothing.
    """
    try:
        async with works.open(viewer) as work:
            await _record(work, viewer, event)
    except Exception as error:
        raise _unavailable() from error


async def _record(work: Work, viewer: Viewer, event: AuditEvent) -> None:
    if viewer.recipient is None:
        raise ValueError("only what a partner is shown is a release to a recipient")
    fields = sorted(event.coordinates)
    told = await _holders(work, event)
    rows = [_disclosure(work, viewer.recipient, account_id, fields) for account_id, _ in told]
    if rows:
        await work.session.execute(insert(DisclosureRow), rows)
    named = {person: {"recipient": viewer.recipient, "fields": fields} for _, person in told}
    stated = replace(
        event,
        kind=EventKind.RECIPIENT,
        clauses=event.clauses | {"X-5"},
        row_counts={**event.row_counts, "Disclosure": len(rows)},
        sealed={**event.sealed, **named},
    )
    await work.trail.record(work.session, stated)


async def _holders(work: Work, event: AuditEvent) -> Sequence[tuple[AccountId, Person]]:
    """Return accounts and holders among the people spoken of; others (the partner's own contact) are no recipients'."""
    found = await work.session.execute(
        select(AccountRow.id, _PERSON.c.id, _PERSON.c.pseudonym)
        .join(_PERSON, _PERSON.c.id == AccountRow.data_subject_id)
        .where(_PERSON.c.pseudonym.in_(event.data_subjects))
    )
    return [(AccountId(row[0]), Person(row[1], row[2])) for row in found]


def _disclosure(work: Work, recipient: str, account_id: AccountId, fields: list[str]) -> dict[str, object]:
    return {
        "id": new_id(work.clock),
        "account_id": account_id,
        "recipient": recipient,
        "fields": fields,
        "names": [],
        "purpose": PURPOSE,
        "at": work.clock.now(),
    }


def _unavailable() -> AuditUnavailable:
    return AuditUnavailable(
        "The record of this release to you could not be written, so nothing was shown. Try again in a minute; "
        "if it stays this way, tell the operator that disclosures cannot be recorded."
    )
