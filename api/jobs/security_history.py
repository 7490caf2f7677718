"""Security events after 90 days: the address is cut to a network and the browser's name is dropped (class SEC).

One rule: the event itself stays the person's own history; only what could find them elsewhere goes.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import String, Uuid

from api.jobs.removals import record_removal
from api.kit.addresses import truncate_address
from api.models import SecurityEventRow
from api.viewer import JOB
from api.work import Work, Works

OPERATION: Final = "shortenSecurityEvents"
_WHOLE_ADDRESS: Final = r"^[^/]+$"
"""`truncate_address` leaves a network with its length (`203.0.113.0/24`), or nothing."""


async def shorten_security_events(works: Works, batch: int) -> int:
    """Shorten expired events, batch after batch; return how many were shortened."""
    shortened = 0
    while True:
        async with works.open(JOB) as work:
            count = await _shorten_batch(work, batch)
        shortened += count
        if count < batch:
            return shortened


async def _shorten_batch(work: Work, batch: int) -> int:
    event = SecurityEventRow
    whole = (
        select(event.id, event.address)
        .where(event.expires_at <= work.clock.now())
        .where(or_(event.user_agent != "", event.address.op("~")(_WHOLE_ADDRESS)))
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    found = (await work.session.execute(whole)).all()
    if found:
        await work.session.execute(
            _STORE_CUT, {"ids": [row.id for row in found], "cut": [truncate_address(row.address) for row in found]}
        )
    await record_removal(work, OPERATION, event, len(found))
    return len(found)


def _store_cut() -> Any:
    cut = (
        func.unnest(bindparam("ids", type_=ARRAY(Uuid())), bindparam("cut", type_=ARRAY(String())))
        .table_valued("id", "address")
        .render_derived(name="cut")
    )
    table = SecurityEventRow.metadata.tables[SecurityEventRow.__tablename__]
    return update(table).values(address=cut.c.address, user_agent="").where(table.c.id == cut.c.id)


_STORE_CUT: Final = _store_cut()
