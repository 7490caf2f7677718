"""Sign-ups whose address was never verified end after seven days, with everything known of them (class ACC).

Order: rows and the record in one transaction, then the content key. One rule: never the key first, for a person whose
rows are still there must stay readable; a key left behind by a crash is found and destroyed by the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from api.jobs.removals import record_removal
from api.models import CONTENT_KEY_TABLE, GOVERNANCE, AccountRow
from api.viewer import JOB
from api.work import Work, Works
from governance.audit.event import Person
from governance.ids import DataSubjectId, Pseudonym

UNVERIFIED_FOR: Final = timedelta(days=7)
ORPHAN_FOR: Final = timedelta(days=1)
"""A key is made before its person's first row, so a young key without a person is somebody who is signing up."""
_FIRST_KEY: Final = UUID(int=0)


async def remove_unverified_accounts(works: Works, batch: int) -> int:
    """Remove them, batch after batch; return how many accounts went."""
    removed = 0
    while True:
        async with works.open(JOB) as work:
            people = await _remove_batch(work, batch)
        for person in people:
            await works.keys.destroy(person.id)
        removed += len(people)
        if len(people) < batch:
            return removed


async def _remove_batch(work: Work, batch: int) -> list[Person]:
    """Delete accounts (what hangs on them goes with them) and their data subjects in one statement."""
    account, person = AccountRow, GOVERNANCE.data_subject
    old = (
        select(account.id)
        .where(account.email_verified_at.is_(None), account.created_at <= work.clock.now() - UNVERIFIED_FOR)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    gone = delete(account).where(account.id.in_(select(old.c.id))).returning(account.data_subject_id).cte("gone")
    removed = await work.session.execute(
        delete(person).where(person.c.id.in_(select(gone.c.data_subject_id))).returning(person.c.id, person.c.pseudonym)
    )
    people = [Person(DataSubjectId(row.id), Pseudonym(row.pseudonym)) for row in removed]
    await record_removal(work, "removeUnverifiedAccounts", account, len(people), about=people)
    return people


async def destroy_orphaned_keys(works: Works, keys_engine: AsyncEngine, batch: int) -> int:
    """Walk through all keys and destroy those whose person is gone; return how many."""
    destroyed, after = 0, _FIRST_KEY
    while True:
        keys = await _keys_after(keys_engine, after, batch)
        if not keys:
            return destroyed
        after = keys[-1].data_subject_id
        youngest = works.clock.now() - ORPHAN_FOR
        old = {key.data_subject_id for key in keys if key.created_at <= youngest}
        for data_subject in old - await _known(works, old):
            destroyed += await works.keys.destroy(DataSubjectId(data_subject))


async def _keys_after(keys_engine: AsyncEngine, after: UUID, batch: int) -> Sequence[Row[Any, Any]]:
    keys = CONTENT_KEY_TABLE.c
    statement = (
        select(keys.data_subject_id, keys.created_at)
        .where(keys.data_subject_id > after)
        .order_by(keys.data_subject_id)
        .limit(batch)
    )
    async with keys_engine.connect() as connection:
        return (await connection.execute(statement)).all()


async def _known(works: Works, data_subjects: set[UUID]) -> set[UUID]:
    column = GOVERNANCE.data_subject.c.id
    async with works.sessions.read() as session:
        return set((await session.execute(select(column).where(column.in_(data_subjects)))).scalars())
