"""Reading orders, certificates and agents of one account, by page and by id.

The rule: the account stands in every statement; what is missing and what is somebody else's are both None. Pages go
from the newest to the oldest by id, and a page costs the same wherever it begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from api.db.sessions import ReadSession
from api.models import (
    AccountId,
    AgentId,
    AgentRow,
    AuthorizationRow,
    CertificateId,
    CertificateNameRow,
    CertificateRow,
    ChallengeRow,
    DisclosureRow,
    InstallationRow,
    OrderId,
    OrderRow,
)

Row = TypeVar("Row", OrderRow, CertificateRow, AgentRow)
Part = TypeVar("Part", DisclosureRow, InstallationRow)


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows, and the id after which they begin."""

    first: int
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows. `total_count` counts all, not only those from here on."""

    rows: Sequence[Row]
    has_next: bool
    total_count: int


@dataclass(slots=True)
class AuthorizationDetails:
    """An authorization with its challenges, in their places."""

    row: AuthorizationRow
    challenges: list[ChallengeRow] = field(default_factory=list)


@dataclass(slots=True)
class OrderDetails:
    """What belongs to one order."""

    authorizations: list[AuthorizationDetails] = field(default_factory=list)
    disclosures: list[DisclosureRow] = field(default_factory=list)


async def _slice(
    session: ReadSession, kind: type[Row], account_id: AccountId, page: Page, *conditions: ColumnElement[bool]
) -> Slice[Row]:
    own = and_(kind.account_id == account_id, *conditions)
    rows = select(kind).where(own).order_by(kind.id.desc()).limit(page.first + 1)
    if page.after is not None:
        rows = rows.where(kind.id < page.after)
    found = (await session.execute(rows)).scalars().all()
    count = (await session.execute(select(func.count()).select_from(kind).where(own))).scalar_one()
    return Slice(found[: page.first], len(found) > page.first, count)


async def orders_of(session: ReadSession, account_id: AccountId, page: Page) -> Slice[OrderRow]:
    """Return a page of the account's orders."""
    return await _slice(session, OrderRow, account_id, page)


async def certificates_of(
    session: ReadSession,
    account_id: AccountId,
    page: Page,
    *,
    name: str | None = None,
    expiring_before: datetime | None = None,
) -> Slice[CertificateRow]:
    """Return a page of the account's certificates; with `name` only those that hold exactly this name.

    With `expiring_before` only those that end before that moment and were not revoked.
    """
    conditions = [] if name is None else [_holds(name)]
    if expiring_before is not None:
        conditions += [CertificateRow.not_after < expiring_before, CertificateRow.revoked_at.is_(None)]
    return await _slice(session, CertificateRow, account_id, page, *conditions)


def _holds(name: str) -> ColumnElement[bool]:
    """Match the whole name of a certificate of the account."""
    named = select(CertificateNameRow.certificate_id).where(
        CertificateNameRow.account_id == CertificateRow.account_id, CertificateNameRow.name == name
    )
    return CertificateRow.id.in_(named)


async def agents_of(session: ReadSession, account_id: AccountId, page: Page) -> Slice[AgentRow]:
    """Return a page of the account's agents."""
    return await _slice(session, AgentRow, account_id, page)


async def _one(session: ReadSession, kind: type[Row], account_id: AccountId, row_id: UUID) -> Row | None:
    found = await session.execute(select(kind).where(kind.id == row_id, kind.account_id == account_id))
    return found.scalar_one_or_none()


async def order_of(session: ReadSession, account_id: AccountId, order_id: OrderId) -> OrderRow | None:
    """Return one order of the account."""
    return await _one(session, OrderRow, account_id, order_id)


async def certificate_of(
    session: ReadSession, account_id: AccountId, certificate_id: CertificateId
) -> CertificateRow | None:
    """Return one certificate of the account."""
    return await _one(session, CertificateRow, account_id, certificate_id)


async def agent_of(session: ReadSession, account_id: AccountId, agent_id: AgentId) -> AgentRow | None:
    """Return one agent of the account."""
    return await _one(session, AgentRow, account_id, agent_id)


async def order_details(session: ReadSession, order_ids: Collection[OrderId]) -> dict[OrderId, OrderDetails]:
    """Return what belongs to orders that were read before, in three statements however many there are."""
    details: dict[OrderId, OrderDetails] = {order_id: OrderDetails() for order_id in order_ids}
    places: dict[tuple[OrderId, int], AuthorizationDetails] = {}
    proof, challenge = AuthorizationRow, ChallengeRow
    proofs = select(proof).where(proof.order_id.in_(order_ids)).order_by(proof.order_id, proof.position)
    for row in (await session.execute(proofs)).scalars():
        places[row.order_id, row.position] = AuthorizationDetails(row)
        details[row.order_id].authorizations.append(places[row.order_id, row.position])
    challenges = select(challenge).where(challenge.order_id.in_(order_ids)).order_by(challenge.position)
    for each in (await session.execute(challenges)).scalars():
        places[each.order_id, each.authorization_position].challenges.append(each)
    for order_id, disclosures in (await _by(session, DisclosureRow.order_id, DisclosureRow, order_ids)).items():
        details[OrderId(order_id)].disclosures = disclosures
    return details


async def installations_of(
    session: ReadSession, certificate_ids: Collection[CertificateId]
) -> dict[UUID, list[InstallationRow]]:
    """Return where certificates that were read before are installed, by certificate."""
    return await _by(session, InstallationRow.certificate_id, InstallationRow, certificate_ids)


async def _by(
    session: ReadSession, column: InstrumentedAttribute[Any], kind: type[Part], ids: Collection[UUID]
) -> dict[UUID, list[Part]]:
    grouped: defaultdict[UUID, list[Part]] = defaultdict(list)
    parts = select(kind).where(column.in_(ids)).order_by(*kind.__table__.primary_key)
    for row in (await session.execute(parts)).scalars():
        grouped[getattr(row, column.key)].append(row)
    return dict(grouped)
