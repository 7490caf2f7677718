"""The agent's memory of an unfinished order: written before each step that could be lost.

    recorded   key, CSR, idempotency key and the exact input are stored           nothing sent yet, or the answer lost
    ordered    the platform's order id is stored                                  poll it
    received   the checked chain and the certificate's id are stored              install it

A kill at any moment leaves one of these; the next run goes on from there.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from sslm_agent.durable import make_folder, remove_folder, write_file
from sslm_agent.errors import HomeUnsafe
from sslm_agent.home import Home
from sslm_agent.keys import KeyType
from sslm_agent.stored import Stored, store

_RECORD = "order.json"
_CHAIN = "chain.pem"


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """One unfinished order; `values` is the input of `orderCertificate` as first sent."""

    names: tuple[str, ...]
    key_type: KeyType
    challenge_type: str
    public_key_sha256: str
    values: dict[str, object]
    target_name: str
    order_id: str | None = None
    certificate_id: str | None = None


def new_idempotency_key() -> str:
    """Return a key no other order has."""
    return str(uuid.uuid4())


class OrderStore:
    """The unfinished order of one folder, if there is one."""

    def __init__(self, home: Home, folder: str) -> None:
        self.folder = home.orders / folder

    def load(self) -> PendingOrder | None:
        """Read the record."""
        if not (self.folder / _RECORD).exists():
            return None
        stored = Stored(self.folder / _RECORD)
        try:
            key_type = KeyType(stored.text("key_type"))
        except ValueError:
            raise HomeUnsafe(f"{self.folder / _RECORD} names an unknown key type. Nothing was done.") from None
        return PendingOrder(
            names=stored.texts("names"),
            key_type=key_type,
            challenge_type=stored.text("challenge_type"),
            public_key_sha256=stored.text("public_key_sha256"),
            values=stored.mapping("values"),
            target_name=stored.text("target_name"),
            order_id=stored.optional_text("order_id"),
            certificate_id=stored.optional_text("certificate_id"),
        )

    def record(self, pending: PendingOrder) -> PendingOrder:
        """Store the record; after the return a kill loses nothing."""
        if not self.folder.is_dir():
            make_folder(self.folder)
        store(
            self.folder / _RECORD,
            {
                "names": list(pending.names),
                "key_type": str(pending.key_type),
                "challenge_type": pending.challenge_type,
                "public_key_sha256": pending.public_key_sha256,
                "values": pending.values,
                "target_name": pending.target_name,
                "order_id": pending.order_id,
                "certificate_id": pending.certificate_id,
            },
        )
        return pending

    def ordered(self, pending: PendingOrder, order_id: str) -> PendingOrder:
        """Remember the platform's order."""
        return self.record(replace(pending, order_id=order_id))

    def received(self, pending: PendingOrder, certificate_id: str, chain: bytes) -> PendingOrder:
        """Remember the chain first, then that it is there."""
        write_file(self.folder / _CHAIN, chain)
        return self.record(replace(pending, certificate_id=certificate_id))

    def chain(self) -> bytes:
        """Return the stored chain."""
        try:
            return (self.folder / _CHAIN).read_bytes()
        except OSError as error:
            raise HomeUnsafe(
                f"{self.folder / _CHAIN} is missing ({error.strerror}). Nothing was installed. Use --start-over."
            ) from error

    def forget(self) -> None:
        """Drop the record and all that belongs to it."""
        remove_folder(self.folder)


def unfinished(home: Home) -> list[tuple[str, PendingOrder]]:
    """Return all unfinished orders with their folders."""
    folders = sorted(entry.name for entry in Path(home.orders).iterdir() if not entry.name.startswith("."))
    loaded = ((name, OrderStore(home, name).load()) for name in folders)
    return [(name, pending) for name, pending in loaded if pending is not None]
