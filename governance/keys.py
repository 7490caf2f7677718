"""Keys: one content key per data subject, wrapped by a key-encryption key of an epoch that lives outside the databases.

Destroying a content key makes everything sealed under it unreadable; destroying an old epoch, after the surviving keys
were rewrapped, makes that true for old backups as well.
"""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from governance.clock import Clock
from governance.errors import DataSubjectErased, GovernanceError
from governance.ids import DataSubjectId

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_FORMAT: Final = b"\x01"
CACHE_TIME: Final = timedelta(seconds=30)
_CACHE_ENTRIES: Final = 4096


class KeyEncryptionKeys:
    """The epochs of key-encryption keys: one owner-only file each, named `epoch-<number>.key`, 64 hex digits."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        if not keys:
            raise GovernanceError(
                "No key-encryption key was found, so nothing can be sealed or opened. "
                "Restore the key folder from its backup; for a new installation, create the first epoch."
            )
        self._ciphers = {epoch: AESGCM(key) for epoch, key in keys.items()}
        self.current = max(keys)

    @classmethod
    def load(cls, folder: Path) -> KeyEncryptionKeys:
        """Read every epoch in the folder. A file that others may read is refused."""
        keys: dict[int, bytes] = {}
        for path in sorted(folder.glob("epoch-*.key")):
            if path.stat().st_mode & 0o077:
                raise GovernanceError(f"{path.name} can be read by others. Nothing was opened. Run chmod 600 on it.")
            keys[int(path.stem.removeprefix("epoch-"))] = _read_key(path)
        return cls(keys)

    @staticmethod
    def create_epoch(folder: Path, epoch: int) -> None:
        """Write a new random key, whole or not at all, and sync it. Raises `FileExistsError` for an existing epoch."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = folder / f".{secrets.token_hex(8)}.unfinished"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            (folder / f"epoch-{epoch}.key").hardlink_to(unfinished)
        finally:
            unfinished.unlink()
        folder_descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(folder_descriptor)
        os.close(folder_descriptor)

    def wrap(self, content_key: bytes, data_subject: UUID) -> tuple[int, bytes]:
        """Return the current epoch and the wrapped key, bound to its data subject."""
        return self.current, _seal(self._ciphers[self.current], content_key, data_subject.bytes)

    def unwrap(self, epoch: int, wrapped: bytes, data_subject: UUID) -> bytes:
        """Return the content key; fails where the epoch was destroyed or the row was moved to another person."""
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            raise DataSubjectErased("The key that protected this data was destroyed, so it cannot be read any more.")
        return _open(cipher, wrapped, data_subject.bytes)

    def seal_secret(self, plaintext: bytes, context: str) -> tuple[int, bytes]:
        """Encrypt a secret of the platform itself; return the epoch and the ciphertext, bound to `context`."""
        return self.current, _seal(self._ciphers[self.current], plaintext, context.encode())

    def open_secret(self, epoch: int, ciphertext: bytes, context: str) -> bytes:
        """Decrypt what `seal_secret` made; fails where the epoch is gone, or the bytes were altered or moved."""
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            raise GovernanceError("The key that protected this secret of the platform is missing; restore its epoch.")
        return _open(cipher, ciphertext, context.encode())


class ContentKeys:
    """Content keys by data subject, kept in the keys database, cached in this process for `CACHE_TIME`.

    A destroyed key may therefore still open data in another process that read it less than `CACHE_TIME` ago, and no
    longer; using it again does not prolong this.
    """

    def __init__(self, engine: AsyncEngine, table: Table, wrapping: KeyEncryptionKeys, clock: Clock) -> None:
        self._engine = engine
        self._table = table
        self._wrapping = wrapping
        self._clock = clock
        self._cache: OrderedDict[UUID, tuple[datetime, AESGCM]] = OrderedDict()

    async def create(self, data_subject: DataSubjectId) -> None:
        """Make a content key and commit it. Call it before the person's first row: a key without a person is harmless.

        Safe to repeat; the first key stays.
        """
        content_key = AESGCM.generate_key(bit_length=256)
        epoch, wrapped = self._wrapping.wrap(content_key, data_subject)
        statement = insert(self._table).values(
            data_subject_id=data_subject, epoch=epoch, wrapped_key=wrapped, created_at=self._clock.now()
        )
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_nothing())

    async def seal(self, data_subject: DataSubjectId, plaintext: bytes, context: str) -> bytes:
        """Encrypt under the person's key. `context` (such as `table.column`) must be given again to open."""
        return _seal(await self._cipher(data_subject), plaintext, context.encode())

    async def unseal(self, data_subject: DataSubjectId, ciphertext: bytes, context: str) -> bytes:
        """Decrypt. Raise `DataSubjectErased` when the key is gone, `GovernanceError` when the bytes were altered."""
        return _open(await self._cipher(data_subject), ciphertext, context.encode())

    async def destroy(self, data_subject: DataSubjectId) -> bool:
        """Delete the key and commit; returns whether there was one. Safe to repeat."""
        statement = self._table.delete().where(self._table.c.data_subject_id == data_subject)
        async with self._engine.begin() as connection:
            result = await connection.execute(statement)
        self._cache.pop(data_subject, None)
        return bool(result.rowcount)

    async def _cipher(self, data_subject: DataSubjectId) -> AESGCM:
        asked_at = self._clock.now()
        cached = self._cache.get(data_subject)
        if cached is not None and timedelta(0) <= asked_at - cached[0] < CACHE_TIME:
            return cached[1]
        columns = self._table.c
        statement = select(columns.epoch, columns.wrapped_key).where(columns.data_subject_id == data_subject)
        async with self._engine.connect() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            self._cache.pop(data_subject, None)
            raise DataSubjectErased(
                "This person's data was erased, so what was sealed for them cannot be read any more."
            )
        cipher = AESGCM(self._wrapping.unwrap(row.epoch, row.wrapped_key, data_subject))
        self._cache[data_subject] = (asked_at, cipher)
        self._cache.move_to_end(data_subject)
        while len(self._cache) > _CACHE_ENTRIES:
            self._cache.popitem(last=False)
        return cipher


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise GovernanceError(
            f"{path.name} does not hold a key of {2 * _KEY_BYTES} hexadecimal digits. Nothing was opened. "
            "Restore the file from its backup."
        )
    return key


def _seal(cipher: AESGCM, plaintext: bytes, context: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _FORMAT + nonce + cipher.encrypt(nonce, plaintext, context)


def _open(cipher: AESGCM, ciphertext: bytes, context: bytes) -> bytes:
    nonce, body = ciphertext[1 : 1 + _NONCE_BYTES], ciphertext[1 + _NONCE_BYTES :]
    if ciphertext[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
        raise GovernanceError("Sealed data has an unknown form and was not opened.")
    try:
        return cipher.decrypt(nonce, body, context)
    except InvalidTag:
        raise GovernanceError("Sealed data was altered or belongs elsewhere; it was not opened.") from None
