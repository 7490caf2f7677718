"""The platform's account at each authority (RFC 8555 section 7.3): made once, its key kept sealed.

The rule: the key is stored before newAccount is sent, so an answer that was lost is found again by the same key; no
contact address ever goes out (clause 4.1-b).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from sqlalchemy import Row, func, insert, select, update

from api.db.sessions import ReadSession, Sessions
from api.issuance.account_key import CaAccountKey
from api.issuance.authority import CaAccount, CaDescription, CertificateAuthority
from api.models import CaAccountRow
from governance.clock import Clock
from governance.ids import new_id
from governance.keys import KeyEncryptionKeys

_LOCK_CLASS: Final = 7_306_101
_CONTEXT: Final = "ca_account.sealed_key"
_log = structlog.get_logger("api.certificates")


@dataclass(frozen=True, slots=True)
class KnownCaAccount:
    """An account the authority knows, with the id of its row."""

    id: UUID
    account: CaAccount


class CaAccounts:
    """Finds or makes accounts; one per process, remembers those it has found."""

    def __init__(self, sessions: Sessions, wrapping: KeyEncryptionKeys, clock: Clock) -> None:
        self._sessions = sessions
        self._wrapping = wrapping
        self._clock = clock
        self._known: dict[tuple[str, str], KnownCaAccount] = {}
        self._turn = asyncio.Lock()

    def known_at(self, authority: CertificateAuthority) -> KnownCaAccount | None:
        """Return our account if this process has used it before; asks nobody."""
        return self._known.get((authority.description.name, authority.description.directory_url))

    async def account_at(self, authority: CertificateAuthority) -> KnownCaAccount:
        """Return our account. Raise `IssuanceError` while the authority does not give or confirm one."""
        place = (authority.description.name, authority.description.directory_url)
        if place not in self._known:
            async with self._turn:
                if place not in self._known:
                    self._known[place] = await self._find_or_open(authority)
        return self._known[place]

    async def _find_or_open(self, authority: CertificateAuthority) -> KnownCaAccount:
        row, is_new = await self._row_of(authority.description)
        pem = self._wrapping.open_secret(row.key_epoch, row.sealed_key, _CONTEXT)
        account_key = CaAccountKey.from_pem(pem)
        if row.account_url is not None:
            return KnownCaAccount(row.id, CaAccount(row.account_url, account_key))
        account = None if is_new else await authority.find_account(account_key)
        if account is None:
            account = await authority.register(account_key, terms_agreed=True)
        async with self._sessions.write() as session:
            await session.execute(update(CaAccountRow).where(CaAccountRow.id == row.id).values(account_url=account.url))
        _log.info("ca_account_known", authority=authority.description.name)
        return KnownCaAccount(row.id, account)

    async def _row_of(self, description: CaDescription) -> tuple[Row[Any], bool]:
        """Return the row, made now if need be; an advisory lock lets one process make it."""
        async with self._sessions.read() as session:
            row = await _find(session, description)
        if row is not None:
            return row, False
        async with self._sessions.write() as session:
            place = func.hashtext(f"{description.name} {description.directory_url}")
            await session.execute(select(func.pg_advisory_xact_lock(_LOCK_CLASS, place)))
            row = await _find(session, description)
            if row is not None:
                return row, False
            await session.execute(insert(CaAccountRow).values(self._new_values(description)))
            row = await _find(session, description)
        if row is None:
            raise RuntimeError("the row that was just written is not there")
        return row, True

    def _new_values(self, description: CaDescription) -> dict[str, Any]:
        pem = CaAccountKey.generate().to_pem()
        epoch, sealed = self._wrapping.seal_secret(pem, _CONTEXT)
        return {
            "id": new_id(self._clock),
            "authority": description.name,
            "directory_url": description.directory_url,
            "sealed_key": sealed,
            "key_epoch": epoch,
            "public_key_sha256": _public_key_sha256(pem),
            "created_at": self._clock.now(),
        }


async def _find(session: ReadSession, description: CaDescription) -> Row[Any] | None:
    row = CaAccountRow
    found = select(row.id, row.account_url, row.sealed_key, row.key_epoch).where(
        row.authority == description.name, row.directory_url == description.directory_url
    )
    return cast("Row[Any] | None", (await session.execute(found)).one_or_none())


def _public_key_sha256(pem: bytes) -> str:
    """Return the digest by which requests are compared, so that no leaf gets our own key."""
    public_key = load_pem_private_key(pem, password=None).public_key()
    return sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


async def is_account_key(session: ReadSession, public_key_sha256: str) -> bool:
    """Tell whether a public key is that of one of our accounts; authorities refuse it in a certificate."""
    found = select(CaAccountRow.id).where(CaAccountRow.public_key_sha256 == public_key_sha256)
    return (await session.execute(found.limit(1))).scalar_one_or_none() is not None
