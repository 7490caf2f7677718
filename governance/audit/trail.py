"""Change records: an event written in the transaction of the change it tells of, so that both happen or neither."""

from __future__ import annotations

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from governance.audit.event import AuditEvent, StoredEvent
from governance.audit.seal import EventSealer
from governance.errors import AuditUnavailable
from governance.models import GovernanceTables


class AuditTrail:
    """Appends to the log inside a caller's transaction."""

    def __init__(self, tables: GovernanceTables, sealer: EventSealer) -> None:
        self._tables = tables
        self._sealer = sealer

    async def record(self, session: AsyncSession, event: AuditEvent) -> StoredEvent:
        """Write the event with the session's transaction; it is durable exactly when the change is.

        Raises `AuditUnavailable` where it cannot be written: the transaction is then lost, and the change with it.
        """
        try:
            stored = await self._sealer.seal(event)
            await session.execute(insert(self._tables.audit_event).values(event_row(stored)))
            if stored.parts:
                await session.execute(insert(self._tables.audit_sealed_part).values(part_rows(stored)))
        except (SQLAlchemyError, OSError) as error:
            raise AuditUnavailable(
                "The record of this change could not be written, so nothing was changed. Try again in a minute; "
                "if it stays this way, tell the operator that the audit log does not accept records."
            ) from error
        return stored


def event_row(stored: StoredEvent) -> dict[str, object]:
    """Return the columns of `audit_event`."""
    return {
        "id": stored.id,
        "at": stored.at,
        "kind": stored.kind.value,
        "outcome": stored.outcome.value,
        "actor": stored.actor,
        "data_subjects": list(stored.data_subjects),
        "header": stored.header,
    }


def part_rows(stored: StoredEvent) -> list[dict[str, object]]:
    """Return the rows of `audit_sealed_part`."""
    return [
        {"at": stored.at, "event_id": stored.id, "data_subject": part.data_subject, "ciphertext": part.ciphertext}
        for part in stored.parts
    ]
