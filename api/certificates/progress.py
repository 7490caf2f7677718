"""Which certificates of an account changed since a moment, for followers who may have missed notices of it.

The rule: rather one too many than one too few; the moment is taken back by the time a transaction may have been open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, or_, select

from api.db.sessions import ReadSession
from api.models import AccountId, CertificateId, CertificateRow, InstallationRow

OPEN_TRANSACTIONS: Final = timedelta(minutes=1)
BATCH: Final = 100


async def certificates_changed_since(
    session: ReadSession, account_id: AccountId, moment: datetime, *, after: CertificateId | None = None
) -> Sequence[CertificateId]:
    """Return the ids of at most `BATCH` certificates issued, revoked or installed since; `after` is where to go on."""
    since = moment - OPEN_TRANSACTIONS
    leaf, place = CertificateRow, InstallationRow
    changed = or_(
        leaf.created_at >= since,
        leaf.revoked_at >= since,
        exists().where(place.certificate_id == leaf.id, place.reported_at >= since),
    )
    found = select(leaf.id).where(leaf.account_id == account_id, changed).order_by(leaf.id).limit(BATCH)
    if after is not None:
        found = found.where(leaf.id > after)
    return (await session.execute(found)).scalars().all()
