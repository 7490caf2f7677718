"""Invitations that nobody accepted in time go, with the person each stood for.

One rule: the person goes and takes the invitation and its mail along; so a person whose invitation went another way
(their inviter's account was erased) is found and goes, too. The content key follows as an orphan.
"""

from __future__ import annotations

from sqlalchemy import delete, exists, select

from api.jobs.removals import record_removal
from api.models import GOVERNANCE, InvitationRow
from api.viewer import JOB
from api.work import Work, Works
from governance.audit.event import Person
from governance.ids import DataSubjectId, Pseudonym


async def remove_expired_invitations(works: Works, batch: int) -> int:
    """Remove them, batch after batch; return how many people went."""
    removed = 0
    while True:
        async with works.open(JOB) as work:
            count = await _remove_batch(work, batch)
        removed += count
        if count < batch:
            return removed


async def _remove_batch(work: Work, batch: int) -> int:
    person = GOVERNANCE.data_subject
    waiting = exists().where(InvitationRow.data_subject_id == person.c.id, InvitationRow.expires_at > work.clock.now())
    over = (
        select(person.c.id)
        .where(person.c.kind == "invited", ~waiting)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .cte("over")
    )
    gone = await work.session.execute(
        delete(person).where(person.c.id.in_(select(over.c.id))).returning(person.c.id, person.c.pseudonym)
    )
    people = [Person(DataSubjectId(row.id), Pseudonym(row.pseudonym)) for row in gone]
    await record_removal(work, "removeExpiredInvitations", InvitationRow, len(people), about=people)
    return len(people)
