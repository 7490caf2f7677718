"""P, the product without its audit log: the command `sslm api` with two parts that forget what they are told.

For the benchmark alone: the product has no such setting. Everything else runs: authentication, access, metrics, log.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from unittest.mock import patch

from sqlalchemy.ext.asyncio import AsyncSession

from api.__main__ import main
from governance.audit.event import AuditEvent, EventKind, Outcome, StoredEvent
from governance.audit.trail import AuditTrail
from governance.audit.writer import AuditLog
from governance.clock import ManualClock
from governance.ids import EventId, new_id

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NOTHING: Final = StoredEvent(
    EventId(new_id(ManualClock(_LONG_AGO))), _LONG_AGO, EventKind.DISCLOSURE, Outcome.ALLOWED, None, (), "", ()
)


class ForgetfulLog(AuditLog):
    """Says at once that an event is kept."""

    async def append(self, event: AuditEvent) -> StoredEvent:  # noqa: ARG002 - the signature of what it replaces
        return _NOTHING


class ForgetfulTrail(AuditTrail):
    """Adds nothing to the transaction of a change."""

    async def record(self, session: AsyncSession, event: AuditEvent) -> StoredEvent:  # noqa: ARG002 - the same
        return _NOTHING


@contextmanager
def without_audit() -> Iterator[None]:
    """Let the composition root make forgetful parts. `load.py` counts the events and fails if this had no effect."""
    with patch.multiple("api.app", AuditLog=ForgetfulLog, AuditTrail=ForgetfulTrail):
        yield


if __name__ == "__main__":
    sys.argv = ["sslm", "api"]
    with without_audit():
        main()
