"""Account holders: an account's row with the person it belongs to.

The rule: whoever changes an account locks its row first and touches its sessions, links and tokens after that, always
in this order, so that two changes at once queue up and never deadlock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, select

from api.db.sessions import ReadSession, WriteSession
from api.models import GOVERNANCE, AccountId, AccountRow
from api.viewer import Role, Viewer
from api.work import Work
from governance.audit.event import Person
from governance.ids import DataSubjectId, new_id, new_pseudonym

_PERSON = GOVERNANCE.data_subject


@dataclass(frozen=True, slots=True)
class Holder:
    """An account and its data subject."""

    account: AccountRow
    person: Person


async def holder_of(session: ReadSession, account_id: AccountId) -> Holder | None:
    """Return the holder of an open account."""
    return await _holder(session, AccountRow.id == account_id, lock=False)


async def holder_at(session: ReadSession, email_key: str) -> Holder | None:
    """Return the holder of the open account with this address, in comparison form."""
    return await _holder(session, AccountRow.email_key == email_key, lock=False)


async def locked_holder(session: WriteSession, account_id: AccountId) -> Holder | None:
    """Return the holder as of now, and keep others from changing the account until this transaction ends."""
    return await _holder(session, AccountRow.id == account_id, lock=True)


async def lock_address(session: WriteSession, email_key: str) -> bool:
    """Make all who want this address wait for one another, and tell whether an account has it, open or closed."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(email_key, 0))))
    return (await session.scalar(select(AccountRow.id).where(AccountRow.email_key == email_key))) is not None


def acting_as_holder(work: Work, holder: Holder) -> Work:
    """Return the work as the holder's own: who opens a link from their mailbox has shown who they are."""
    if work.viewer.person == holder.person:
        return work
    return work.acting_as(Viewer(Role.HOLDER, work.viewer.origin, person=holder.person, account_id=holder.account.id))


def moment(at: datetime) -> str:
    """Return a time as mails show it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


async def new_person(work: Work, kind: str) -> Person:
    """Add somebody we hold data about. The content key commits first: a key without a person is harmless."""
    person = Person(DataSubjectId(new_id(work.clock)), new_pseudonym())
    await work.keys.create(person.id)
    await work.session.execute(
        insert(GOVERNANCE.data_subject).values(
            id=person.id, kind=kind, pseudonym=person.pseudonym, created_at=work.clock.now()
        )
    )
    return person


async def _holder(session: ReadSession, which: ColumnElement[bool], *, lock: bool) -> Holder | None:
    statement = (
        select(AccountRow, _PERSON.c.id, _PERSON.c.pseudonym)
        .join(_PERSON, _PERSON.c.id == AccountRow.data_subject_id)
        .where(which, AccountRow.closed_at.is_(None))
    )
    if lock:
        statement = statement.with_for_update(key_share=True, of=AccountRow).execution_options(populate_existing=True)
    found = (await session.execute(statement)).one_or_none()
    return Holder(found[0], Person(found[1], found[2])) if found else None
