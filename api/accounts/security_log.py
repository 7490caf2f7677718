"""The security log: what concerns the safety of one person's access, and the audit event that goes with it (2.4-a).

The rule: each entry names its day of expiry when it is written, 90 days ahead.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import insert

from api.models import SecurityEventRow
from api.work import Column, Work
from governance.audit.event import EventKind, Outcome, Person
from governance.ids import new_id

KEPT_FOR: Final = timedelta(days=90)
_LONGEST_ADDRESS: Final = 45
_LONGEST_USER_AGENT: Final = 300


class SecurityEvent(StrEnum):
    """What happened, as people read it in their security log."""

    ADDRESS_TRIED = "address_tried"
    SIGN_IN = "sign_in"
    NEW_DEVICE = "new_device"
    SIGN_IN_THROTTLED = "sign_in_throttled"
    REAUTHENTICATION = "reauthentication"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of an event
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of an event
    EMAIL_CHANGED = "email_changed"
    EMAIL_KEPT = "email_kept"
    SESSIONS_ENDED = "sessions_ended"
    API_TOKEN_CREATED = "api_token_created"  # noqa: S105 - the name of an event
    ACCESS_GRANTED = "access_granted"
    ACCESS_REVOKED = "access_revoked"
    API_TOKEN_REVOKED = "api_token_revoked"  # noqa: S105 - the name of an event


async def log_security(
    work: Work, person: Person, event: SecurityEvent, operation: str, *columns: Column, succeeded: bool = True
) -> None:
    """Write the entry with where it came from, and its audit event, in this transaction.

    `columns` are those that the act wrote besides.
    """
    now, origin = work.clock.now(), work.viewer.origin
    await work.session.execute(
        insert(SecurityEventRow).values(
            id=new_id(work.clock),
            data_subject_id=person.id,
            kind=event.value,
            succeeded=succeeded,
            address=origin.address[:_LONGEST_ADDRESS],
            user_agent=origin.user_agent[:_LONGEST_USER_AGENT],
            at=now,
            expires_at=now + KEPT_FOR,
        )
    )
    await work.record(
        EventKind.SECURITY,
        operation,
        SecurityEventRow.kind,
        SecurityEventRow.succeeded,
        SecurityEventRow.address,
        SecurityEventRow.user_agent,
        SecurityEventRow.at,
        *columns,
        about=[person],
        clauses=["2.4-a"],
        outcome=Outcome.ALLOWED if succeeded else Outcome.FAILED,
        sealed=_where_from(work, person),
    )


def _where_from(work: Work, person: Person) -> dict[Person, dict[str, str]]:
    """Return what the person's sealed part tells of a caller who is not known to be that person."""
    origin = work.viewer.origin
    return {person: {"address": origin.address, "user_agent": origin.user_agent}} if origin.address else {}
