"""Pages of domains and of their validations, newest first, cut by key. Every statement names the account or domain."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, select

from api.db.sessions import ReadSession
from api.models import AccountId, DomainId, DomainRow, DomainValidationRow

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, how many there are in all, and whether more follow."""

    rows: tuple[Row, ...]
    total: int
    has_next: bool


async def domains_of(
    session: ReadSession, account_id: AccountId, *, first: int, after: UUID | None = None
) -> Page[DomainRow]:
    """Return up to `first` domains of the account older than `after`."""
    mine = DomainRow.account_id == account_id
    statement = select(DomainRow).where(mine).order_by(DomainRow.id.desc()).limit(first + 1)
    if after is not None:
        statement = statement.where(DomainRow.id < after)
    rows = (await session.scalars(statement)).all()
    total = await session.scalar(select(func.count()).select_from(DomainRow).where(mine))
    return Page(tuple(rows[:first]), int(total or 0), len(rows) > first)


async def domains_named(session: ReadSession, account_id: AccountId, names: Collection[str]) -> list[DomainRow]:
    """Return the account's domains of exactly these names, by name."""
    statement = select(DomainRow).where(DomainRow.account_id == account_id, DomainRow.name.in_(names))
    return list((await session.scalars(statement.order_by(DomainRow.name))).all())


async def domain_of(session: ReadSession, account_id: AccountId, domain_id: UUID) -> DomainRow | None:
    """Return the account's domain; None for a missing one and for somebody else's alike."""
    statement = select(DomainRow).where(DomainRow.account_id == account_id, DomainRow.id == domain_id)
    return (await session.scalars(statement)).one_or_none()


async def validations_of(
    session: ReadSession, domain_id: DomainId, *, first: int, after: UUID | None = None
) -> Page[DomainValidationRow]:
    """Return up to `first` validations of a domain the caller was found to own."""
    its = DomainValidationRow.domain_id == domain_id
    statement = select(DomainValidationRow).where(its).order_by(DomainValidationRow.id.desc()).limit(first + 1)
    if after is not None:
        statement = statement.where(DomainValidationRow.id < after)
    rows = (await session.scalars(statement)).all()
    total = await session.scalar(select(func.count()).select_from(DomainValidationRow).where(its))
    return Page(tuple(rows[:first]), int(total or 0), len(rows) > first)
