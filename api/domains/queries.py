"""What services ask about domains. The rule: every statement names the account whose rows it may see."""

from __future__ import annotations

from sqlalchemy import any_, exists, select

from api.db.sessions import ReadSession
from api.models import AccountId, OrderRow


async def has_open_order(session: ReadSession, account_id: AccountId, name: str) -> bool:
    """Tell whether an order of the account that has not ended names this domain."""
    statement = select(
        exists().where(OrderRow.account_id == account_id, OrderRow.ended_at.is_(None), any_(OrderRow.names) == name)
    )
    return bool(await session.scalar(statement))
