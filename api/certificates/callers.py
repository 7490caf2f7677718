"""Who may order, revoke or report: a viewer that acts for an account, with the person behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from api.accounts.access import require_account, require_scopes
from api.accounts.errors import SignInRequired
from api.accounts.restriction_errors import EmailNotVerified
from api.db.sessions import ReadSession
from api.models import GOVERNANCE, AccountId, AccountRow
from api.viewer import Viewer
from governance.audit.event import Person


@dataclass(frozen=True, slots=True)
class Caller:
    """The account acted for, and its holder, of whom records speak whoever acts."""

    account_id: AccountId
    person: Person


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a mail about an account goes to."""

    person: Person
    email: str
    language: str
    notify_failure: bool
    notify_installation: bool


_PEOPLE: Final = GOVERNANCE.data_subject
_ACCOUNTS: Final = AccountRow.__table__
_HOLDER: Final = (
    select(
        _PEOPLE.c.id,
        _PEOPLE.c.pseudonym,
        _ACCOUNTS.c.email,
        _ACCOUNTS.c.language,
        _ACCOUNTS.c.notify_failure,
        _ACCOUNTS.c.notify_installation,
    )
    .join_from(_ACCOUNTS, _PEOPLE, _PEOPLE.c.id == _ACCOUNTS.c.data_subject_id)
    .where(_ACCOUNTS.c.id == bindparam("account"))
)


def caller_of(viewer: Viewer, *scopes: str) -> Caller:
    """Return the account a viewer acts for; raise `AccessDenied` when there is none, or a scope is missing (X-9)."""
    account_id = require_account(viewer)
    require_scopes(viewer, *scopes)
    if viewer.holder is None:
        raise SignInRequired
    return Caller(account_id, viewer.holder)


async def lock_account(work_session: ReadSession, account_id: AccountId) -> None:
    """Let one change of this account happen at a time; raise `AccessDenied` when it is closed or not verified."""
    open_account = select(AccountRow.email_verified_at).where(
        AccountRow.id == account_id, AccountRow.closed_at.is_(None)
    )
    found = (await work_session.execute(open_account.with_for_update(key_share=True))).one_or_none()
    if found is None:
        raise SignInRequired
    if found.email_verified_at is None:
        raise EmailNotVerified


async def holder_of(session: ReadSession, account_id: AccountId) -> Holder | None:
    """Return the holder of an account; None when it was erased meanwhile."""
    row = (await session.execute(_HOLDER, {"account": account_id})).one_or_none()
    if row is None:
        return None
    return Holder(Person(row.id, row.pseudonym), row.email, row.language, row.notify_failure, row.notify_installation)
