"""Where orders are kept between two steps: loaded under a claim, saved only by whoever still holds that claim.

The rule: each save is one transaction that checks `generation`, the fencing token; what another worker took over is
never written again. Only what changed is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, Update, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from api.certificates.mapping import (
    Columns,
    authorization_columns,
    challenge_columns,
    order_columns,
    read_authorization,
    read_certificate,
    read_challenge,
    read_order,
)
from api.db.sessions import ReadSession, WriteSession
from api.issuance.order import Authorization, Challenge, Order
from api.models import AccountId, AuthorizationRow, CertificateRow, ChallengeRow, OrderId, OrderRow, RevocationRow

ORDERS: Final[Table] = OrderRow.__table__  # type: ignore[assignment]
AUTHORIZATIONS: Final[Table] = AuthorizationRow.__table__  # type: ignore[assignment]
CHALLENGES: Final[Table] = ChallengeRow.__table__  # type: ignore[assignment]
CERTIFICATES: Final[Table] = CertificateRow.__table__  # type: ignore[assignment]
REVOCATIONS: Final[Table] = RevocationRow.__table__  # type: ignore[assignment]

LEASE: Final = timedelta(minutes=2)
"""How long a claim keeps others away after its last save; a killed worker's order goes on when it is over."""

_CLAIMED: Final = select(ORDERS).where(
    ORDERS.c.id == bindparam("claimed_id"), ORDERS.c.generation == bindparam("claimed_generation")
)
_CERTIFICATE: Final = select(CERTIFICATES).where(CERTIFICATES.c.id == bindparam("certificate"))
_PROOFS: Final = (
    select(
        *(column.label(f"a_{column.name}") for column in AUTHORIZATIONS.c),
        *(column.label(f"c_{column.name}") for column in CHALLENGES.c),
    )
    .join_from(
        AUTHORIZATIONS,
        CHALLENGES,
        (CHALLENGES.c.order_id == AUTHORIZATIONS.c.order_id)
        & (CHALLENGES.c.authorization_position == AUTHORIZATIONS.c.position),
        isouter=True,
    )
    .where(AUTHORIZATIONS.c.order_id == bindparam("claimed_id"))
    .order_by(AUTHORIZATIONS.c.position, CHALLENGES.c.position)
)
# Statements are made once: building them costs more than running them, and an order is stored a dozen times.


@lru_cache(maxsize=256)
def _changing(names: frozenset[str]) -> Update:
    """Return the update of these columns under a claim."""
    held = (ORDERS.c.id == bindparam("claimed_id"), ORDERS.c.generation == bindparam("claimed_generation"))
    return update(ORDERS).where(*held).values({name: bindparam(f"new_{name}") for name in sorted(names)})


def _upserting(table: Table) -> Insert:
    statement = upsert(table)
    keys = [column.name for column in table.primary_key]
    values = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


_INSERTS: Final = {table: insert(table) for table in (AUTHORIZATIONS, CHALLENGES)}
_UPSERTS: Final = {table: _upserting(table) for table in (AUTHORIZATIONS, CHALLENGES)}


class ClaimLost(Exception):
    """Another worker took the order over, or it was erased; what was to be stored is void."""


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order as it was last stored, and the claim under which it may be changed."""

    id: OrderId
    account_id: AccountId
    authority: str
    ca_account_id: UUID | None
    generation: int
    placed_at: datetime | None
    order: Order


async def load_order(session: ReadSession, order_id: OrderId, generation: int) -> HeldOrder | None:
    """Return the order if the claim is still good, else None."""
    claim = {"claimed_id": order_id, "claimed_generation": generation}
    row = (await session.execute(_CLAIMED, claim)).mappings().one_or_none()
    if row is None:
        return None
    proofs = await _load_proofs(session, order_id) if row["order_url"] is not None else []
    certificate = None
    if row["certificate_id"] is not None:
        found = await session.execute(_CERTIFICATE, {"certificate": row["certificate_id"]})
        certificate = read_certificate(dict(found.mappings().one()))
    return HeldOrder(
        id=row["id"],
        account_id=row["account_id"],
        authority=row["authority"],
        ca_account_id=row["ca_account_id"],
        generation=row["generation"],
        placed_at=row["placed_at"],
        order=read_order(dict(row), proofs, certificate),
    )


async def _load_proofs(session: ReadSession, order_id: OrderId) -> list[Authorization]:
    """Read authorizations and challenges in one statement, in their places."""
    rows = (await session.execute(_PROOFS, {"claimed_id": order_id})).mappings().all()
    kept: dict[int, tuple[Columns, list[Challenge]]] = {}
    for row in rows:
        columns = {name[2:]: value for name, value in row.items() if name.startswith("a_")}
        challenges = kept.setdefault(columns["position"], (columns, []))[1]
        if row["c_position"] is not None:
            challenges.append(read_challenge({name[2:]: value for name, value in row.items() if name[:2] == "c_"}))
    return [read_authorization(columns, challenges) for columns, challenges in kept.values()]


async def save_order(
    session: WriteSession,
    held: HeldOrder,
    order: Order,
    *,
    account_thumbprint: str,
    hold_until: datetime | None,
    **more: Any,
) -> HeldOrder:
    """Write what changed, under the claim; raise `ClaimLost` when it is no longer ours (then roll back).

    `hold_until` keeps the row from other workers while requests are out; None lets go of it, so that it comes due
    when the order says. `more` are columns that only the caller knows (such as `certificate_id`).
    """
    before = order_columns(held.order)
    changed = {name: value for name, value in order_columns(order).items() if before[name] != value}
    changed |= more | {"next_action_at": hold_until or order.next_action_at}
    values = {f"new_{name}": value for name, value in changed.items()}
    claim = {"claimed_id": held.id, "claimed_generation": held.generation}
    result = await session.execute(_changing(frozenset(changed)), values | claim)
    if not result.rowcount:  # type: ignore[attr-defined]
        raise ClaimLost
    if held.order.authorizations is not order.authorizations:
        await _save_proofs(session, held, order.authorizations, account_thumbprint)
    known = {name: more[name] for name in ("ca_account_id",) if name in more}
    return replace(held, order=order, **known)


async def _save_proofs(
    session: WriteSession, held: HeldOrder, authorizations: Sequence[Authorization], account_thumbprint: str
) -> None:
    before = held.order.authorizations
    proofs: list[Columns] = []
    challenges: list[Columns] = []
    for position, (old, new) in enumerate(zip_longest(before, authorizations)):
        if old == new:
            continue
        if new is None or (old is not None and len(new.challenges) < len(old.challenges)):
            await _drop(session, held.id, position, kept=len(new.challenges) if new else None)
        if new is None:
            continue
        place = {"order_id": held.id, "position": position}
        if old is None or authorization_columns(old) != authorization_columns(new):
            proofs.append(place | authorization_columns(new))
        challenges += _changed_challenges(held.id, position, old, new, account_thumbprint)
    await _write(session, AUTHORIZATIONS, proofs, fresh=not before)
    await _write(session, CHALLENGES, challenges, fresh=all(not one.challenges for one in before))


def _changed_challenges(
    order_id: OrderId, place: int, old: Authorization | None, new: Authorization, account_thumbprint: str
) -> list[Columns]:
    before: Sequence[Challenge] = old.challenges if old is not None else ()
    return [
        {"order_id": order_id, "authorization_position": place, "position": position}
        | challenge_columns(now, new.name, account_thumbprint)
        for position, (was, now) in enumerate(zip_longest(before, new.challenges))
        if now is not None and was != now
    ]


async def _write(session: WriteSession, table: Table, rows: list[Columns], *, fresh: bool) -> None:
    """Insert rows, or change those that are there."""
    if not rows:
        return
    statement = _INSERTS[table] if fresh else _UPSERTS[table]
    await session.execute(statement, rows[0] if len(rows) == 1 else rows)


async def _drop(session: WriteSession, order_id: OrderId, position: int, *, kept: int | None) -> None:
    """Remove challenges from place `kept` on; the whole authorization when it is None."""
    below = CHALLENGES.c.authorization_position == position
    rest = delete(CHALLENGES).where(CHALLENGES.c.order_id == order_id, below, CHALLENGES.c.position >= (kept or 0))
    await session.execute(rest)
    if kept is None:
        whole = AUTHORIZATIONS.c.position == position
        await session.execute(delete(AUTHORIZATIONS).where(AUTHORIZATIONS.c.order_id == order_id, whole))
