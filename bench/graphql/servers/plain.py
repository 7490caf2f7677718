"""B, plain Strawberry as its documentation shows it: the stock ASGI view, objects of the ORM, DataLoaders.

The certificates' chains are deferred, as anybody would who saw them load: it makes the comparison harder for us.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, String, cast, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import defer
from starlette.requests import Request
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from api.db.urls import DatabaseUrl
from api.models import AccountRow, CertificateRow, DomainRow
from bench.graphql.servers.strawberry_types import make_schema

POOL: Final = 16
_WITHOUT_CHAIN: Final = defer(CertificateRow.chain_pem)


class OrmReads:
    """Reads objects of the ORM; each list of a level is loaded at once."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], account_id: UUID) -> None:
        self._sessions = sessions
        self._account_id = account_id
        self._certificates = DataLoader(load_fn=self._load_certificates)
        self._domains = DataLoader(load_fn=self._load_domains)

    async def account(self) -> AccountRow:
        async with self._sessions() as session:
            return (await session.scalars(select(AccountRow).where(AccountRow.id == self._account_id))).one()

    async def domains(self, first: int) -> Sequence[DomainRow]:
        own = select(DomainRow).where(DomainRow.account_id == self._account_id)
        async with self._sessions() as session:
            return (await session.scalars(own.order_by(DomainRow.id.desc()).limit(first + 1))).all()

    async def certificates_of(self, name: str, first: int) -> Sequence[CertificateRow]:
        return (await self._certificates.load(name))[: first + 1]

    async def expiring(self, first: int, before: datetime) -> Sequence[CertificateRow]:
        own = select(CertificateRow).options(_WITHOUT_CHAIN).where(CertificateRow.account_id == self._account_id)
        found = own.where(CertificateRow.not_after < before, CertificateRow.revoked_at.is_(None))
        async with self._sessions() as session:
            return (await session.scalars(found.order_by(CertificateRow.id.desc()).limit(first + 1))).all()

    async def domains_named(self, names: Sequence[str]) -> Sequence[DomainRow]:
        return [row for row in await self._domains.load_many(sorted(names)) if row is not None]

    async def rename(self, display_name: str) -> AccountRow:
        async with self._sessions.begin() as session:
            row = (await session.scalars(select(AccountRow).where(AccountRow.id == self._account_id))).one()
            row.display_name = display_name
        return row

    async def _load_certificates(self, names: list[str]) -> list[Sequence[CertificateRow]]:
        holding = CertificateRow.names.op("&&", is_comparison=True)(cast(names, ARRAY(String)))
        own = select(CertificateRow).options(_WITHOUT_CHAIN).where(CertificateRow.account_id == self._account_id)
        async with self._sessions() as session:
            rows = (await session.scalars(own.where(holding).order_by(CertificateRow.id.desc()))).all()
        by_name: defaultdict[str, list[CertificateRow]] = defaultdict(list)
        for row in rows:
            for name in row.names:
                by_name[name].append(row)
        return [by_name[name] for name in names]

    async def _load_domains(self, names: list[str]) -> list[DomainRow | None]:
        own = select(DomainRow).where(DomainRow.account_id == self._account_id, DomainRow.name.in_(names))
        async with self._sessions() as session:
            by_name = {row.name: row for row in (await session.scalars(own)).all()}
        return [by_name.get(name) for name in names]


class View(GraphQL[Any, None]):
    """The stock view, with the viewer of a request in its context."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], callers: dict[str, UUID]) -> None:
        super().__init__(make_schema())
        self._sessions = sessions
        self._callers = callers

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"reads": OrmReads(self._sessions, viewer(request, self._callers)), "response": response}


def viewer(request: Request, callers: dict[str, UUID]) -> UUID:
    return callers[request.headers["authorization"].removeprefix("Bearer ")]


@asynccontextmanager
async def application(database: str, callers: dict[str, UUID]) -> AsyncIterator[View]:
    """Yield the ASGI application."""
    engine = create_async_engine(DatabaseUrl.parse(database).sqlalchemy, pool_size=POOL, max_overflow=0)
    try:
        yield View(async_sessionmaker(engine, expire_on_commit=False), callers)
    finally:
        await engine.dispose()
