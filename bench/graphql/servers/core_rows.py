"""Reading plain rows with SQLAlchemy Core, without transactions: what C and D stand on.

A page of each of many parents comes from one statement that numbers the rows of each parent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, String, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from strawberry.dataloader import DataLoader

from api.db.urls import DatabaseUrl
from api.models import AccountRow, CertificateRow, DomainRow

POOL: Final = 16
_ACCOUNT_COLUMNS: Final = (
    AccountRow.id,
    AccountRow.email,
    AccountRow.display_name,
    AccountRow.company_name,
    AccountRow.country,
    AccountRow.language,
    AccountRow.time_zone,
    AccountRow.created_at,
)
_CERTIFICATE_COLUMNS: Final = (
    CertificateRow.id,
    CertificateRow.names,
    CertificateRow.serial_number,
    CertificateRow.fingerprint_sha256,
    CertificateRow.issuer_name,
    CertificateRow.not_before,
    CertificateRow.not_after,
    CertificateRow.revoked_at,
)
_ACCOUNT: Final = select(*_ACCOUNT_COLUMNS).where(AccountRow.id == bindparam("account"))
_DOMAINS: Final = (
    select(DomainRow.id, DomainRow.name)
    .where(DomainRow.account_id == bindparam("account"))
    .order_by(DomainRow.id.desc())
    .limit(bindparam("most"))
)
_NAMED: Final = select(DomainRow.id, DomainRow.name).where(
    DomainRow.account_id == bindparam("account"),
    DomainRow.name == func.any(bindparam("names", type_=ARRAY(String))),
)
_EXPIRING: Final = (
    select(*_CERTIFICATE_COLUMNS)
    .where(
        CertificateRow.account_id == bindparam("account"),
        CertificateRow.not_after < bindparam("before"),
        CertificateRow.revoked_at.is_(None),
    )
    .order_by(CertificateRow.id.desc())
    .limit(bindparam("most"))
)
_OF_NAMES: Final = text("""
select * from (
  select c.id, c.names, c.serial_number, c.fingerprint_sha256, c.issuer_name, c.not_before, c.not_after, c.revoked_at,
         held.name, row_number() over (partition by held.name order by c.id desc) as place
  from certificate c cross join lateral unnest(c.names) as held(name)
  where c.account_id = :account and c.names && cast(:names as varchar[]) and held.name = any(cast(:names as varchar[]))
) numbered where place <= :most order by id desc
""")
_RENAME: Final = (
    update(AccountRow)
    .where(AccountRow.id == bindparam("account"))
    .values(display_name=bindparam("display_name"))
    .returning(*_ACCOUNT_COLUMNS)
)


def open_autocommit_engine(database: str) -> AsyncEngine:
    """Return an engine that begins no transactions: each statement is one."""
    url = DatabaseUrl.parse(database).sqlalchemy
    return create_async_engine(url, pool_size=POOL, max_overflow=0, isolation_level="AUTOCOMMIT")


class CoreReads:
    """Reads rows; each list of a level is loaded at once."""

    def __init__(self, engine: AsyncEngine, account_id: UUID) -> None:
        self._engine = engine
        self._account_id = account_id
        self._certificates: DataLoader[tuple[str, int], Sequence[Any]] = DataLoader(load_fn=self._load_certificates)
        self._domains: DataLoader[str, Any] = DataLoader(load_fn=self._load_domains)

    async def _rows(self, statement: Any, **values: Any) -> Sequence[Any]:
        async with self._engine.connect() as connection:
            return (await connection.execute(statement, {"account": self._account_id, **values})).all()

    async def account(self) -> Any:
        return (await self._rows(_ACCOUNT))[0]

    async def domains(self, first: int) -> Sequence[Any]:
        return await self._rows(_DOMAINS, most=first + 1)

    async def certificates_of(self, name: str, first: int) -> Sequence[Any]:
        return await self._certificates.load((name, first))

    async def expiring(self, first: int, before: datetime) -> Sequence[Any]:
        return await self._rows(_EXPIRING, before=before, most=first + 1)

    async def domains_named(self, names: Sequence[str]) -> Sequence[Any]:
        return [row for row in await self._domains.load_many(sorted(names)) if row is not None]

    async def rename(self, display_name: str) -> Any:
        return (await self._rows(_RENAME, display_name=display_name))[0]

    async def _load_certificates(self, keys: list[tuple[str, int]]) -> list[Sequence[Any]]:
        most = max(first for _, first in keys) + 1
        by_name: defaultdict[str, list[Any]] = defaultdict(list)
        for row in await self._rows(_OF_NAMES, names=[name for name, _ in keys], most=most):
            by_name[row.name].append(row)
        return [by_name[name][: first + 1] for name, first in keys]

    async def _load_domains(self, names: list[str]) -> list[Any]:
        by_name = {row.name: row for row in await self._rows(_NAMED, names=names)}
        return [by_name.get(name) for name in names]
