"""Telling every process that a credential or a grant has ended, so that what they remember of it goes at once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import text

from api.db.sessions import WriteSession

CREDENTIALS_CHANNEL: Final = "sslm_credentials"


async def announce_ended(session: WriteSession, *ended: UUID) -> None:
    """Send the ids of tokens, sessions or grants when this transaction commits."""
    for one in ended:
        await session.execute(
            text("select pg_notify(:channel, :ended)"), {"channel": CREDENTIALS_CHANNEL, "ended": str(one)}
        )
