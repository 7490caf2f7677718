"""What the generators behind subscriptions do: wait for a wake-up, read the row anew, yield it.

The rule: nothing is kept between two events; an object that is yielded was read just before. To follow one more kind of
row, give its table triggers that announce it, and write one field with `one_row` or a loop like `changed_ids`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from api.certificates.progress import BATCH, certificates_changed_since
from api.db.sessions import ReadSession
from api.graphql.context import Context
from api.models import AccountId, CertificateId

Info = strawberry.Info[Context, None]
Row = TypeVar("Row")
Find = Callable[[ReadSession, AccountId, Any], Awaitable[Row | None]]
"""Reads one row of an account by its id."""


async def one_row(info: Info, kind: str, row_id: UUID | None, find: Find[Row]) -> AsyncGenerator[Row | None, None]:
    """Yield the row now and after each change of it; end after one None where the account has no such row (any more).

    Whether the id is of nothing, of somebody else's row or no id at all cannot be told apart.
    """
    context, account_id = info.context, info.context.viewer.account_id
    if row_id is None or account_id is None:
        yield None
        return
    with context.services.signals.following(kind, account_id, row_id) as follower:
        while True:
            row = await read_row(info, row_id, find)
            yield row
            if row is None:
                return
            await follower.wake()


async def changed_ids(info: Info, account_id: AccountId) -> AsyncGenerator[CertificateId, None]:
    """Yield the id of each certificate of the account that changes from now on, at least once for each change."""
    context = info.context
    with context.services.signals.following("certificate", account_id) as follower:
        since = context.clock.now()
        while True:
            wake = await follower.wake()
            woken_at = context.clock.now()
            for row_id in wake.ids:
                yield CertificateId(row_id)
            after: CertificateId | None = None
            while wake.missed:
                async with context.sessions.read() as session:
                    found = await certificates_changed_since(session, account_id, since, after=after)
                for certificate_id in found:
                    yield certificate_id
                if len(found) < BATCH:
                    break
                after = found[-1]
            since = woken_at


async def read_row(info: Info, row_id: UUID, find: Find[Row]) -> Row | None:
    """Return the row as it stands now, or None where the caller's account has none of that id."""
    account_id = info.context.viewer.account_id
    if account_id is None:
        return None
    async with info.context.sessions.read() as session:
        return await find(session, account_id, row_id)
