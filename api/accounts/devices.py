"""Recognised devices: browsers that signed in before, which strangers' wrong passwords do not slow down (5.1-d).

The rule: a device is recognised for one account, by a random secret whose hash alone is stored, for at most 90 days.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select

from api.db.sessions import ReadSession
from api.kit.secrets import hash_secret, random_url_token
from api.models import AccountId, RecognisedDeviceRow
from api.work import Work
from governance.clock import Clock

DEVICE_LIFE: Final = timedelta(days=90)
_RENEWED_AFTER: Final = timedelta(days=30)
_MOST_DEVICES: Final = 20


async def recognised(
    session: ReadSession, account_id: AccountId, device_secret: str | None, clock: Clock
) -> RecognisedDeviceRow | None:
    """Return the device if it signed in to this account before."""
    if not device_secret:
        return None
    return await session.scalar(
        select(RecognisedDeviceRow).where(
            RecognisedDeviceRow.secret_hash == hash_secret(device_secret),
            RecognisedDeviceRow.account_id == account_id,
            RecognisedDeviceRow.expires_at > clock.now(),
        )
    )


async def remember_device(work: Work, account_id: AccountId, device_secret: str | None) -> tuple[bool, str | None]:
    """Return whether the device was known, and a new secret unless its present one is good for a while yet."""
    known = await recognised(work.session, account_id, device_secret, work.clock)
    now = work.clock.now()
    if known is not None and now - known.created_at < _RENEWED_AFTER:
        return True, None
    if known is not None:
        await work.session.delete(known)
    secret = random_url_token()
    work.session.add(
        RecognisedDeviceRow(
            secret_hash=hash_secret(secret), account_id=account_id, created_at=now, expires_at=now + DEVICE_LIFE
        )
    )
    await work.session.flush()
    await _forget_surplus(work, account_id)
    return known is not None, secret


async def forget_devices(work: Work, account_id: AccountId) -> None:
    """Forget every device of the account: somebody else may have signed in with one."""
    await work.session.execute(delete(RecognisedDeviceRow).where(RecognisedDeviceRow.account_id == account_id))


async def _forget_surplus(work: Work, account_id: AccountId) -> None:
    newest_first = (
        select(RecognisedDeviceRow.secret_hash)
        .where(RecognisedDeviceRow.account_id == account_id)
        .order_by(RecognisedDeviceRow.created_at.desc(), RecognisedDeviceRow.secret_hash)
        .offset(_MOST_DEVICES)
    )
    await work.session.execute(delete(RecognisedDeviceRow).where(RecognisedDeviceRow.secret_hash.in_(newest_first)))
