"""Repeated requests: the same key with the same request names what was made the first time.

The rule: the key is claimed in the transaction of the change, before anything else of it; so of two that race, one
waits for the other and then finds its outcome, and a refused request leaves its key free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from api.accounts.errors import IdempotencyKeyReused, SignInRequired
from api.kit.errors import InvalidInput
from api.models import IdempotencyKeyRow
from api.work import Work

KEPT_FOR: Final = timedelta(days=1)
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The key as the caller sent it, and the operation it is for: the same key may serve another operation."""

    operation: str
    idempotency_key: str


async def claim_key(work: Work, use: KeyUse, request: Mapping[str, Any], made: UUID) -> UUID:
    """Return `made` when this request is the first under its key, else what the first one made.

    Raise `IdempotencyKeyReused` when the first one was another request. Keys are those of whoever acts, for each
    account they act for: nobody finds, or takes, the keys of somebody else.
    """
    row, actor = IdempotencyKeyRow, work.viewer.person
    if actor is None:
        raise SignInRequired
    now = work.clock.now()
    values = {
        "data_subject_id": actor.id,
        "operation": use.operation,
        "key_hash": _hash_key(work, use.idempotency_key),
        "request_hash": sha256(msgspec.json.encode(request, order="sorted")).digest(),
        "result_id": made,
        "expires_at": now + KEPT_FOR,
    }
    claim = insert(row).values(values)
    claim = claim.on_conflict_do_update(
        index_elements=[row.data_subject_id, row.operation, row.key_hash],
        set_={name: values[name] for name in ("request_hash", "result_id", "expires_at")},
        where=row.expires_at <= now,
    )
    if (await work.session.execute(claim.returning(row.result_id))).scalar_one_or_none() is not None:
        return made
    first = select(row.request_hash, row.result_id).where(
        *(getattr(row, name) == values[name] for name in ("data_subject_id", "operation", "key_hash"))
    )
    request_hash, result_id = (await work.session.execute(first)).one()
    if request_hash != values["request_hash"]:
        raise IdempotencyKeyReused
    return UUID(str(result_id))


def _hash_key(work: Work, idempotency_key: str) -> bytes:
    if not 1 <= len(idempotency_key) <= _LONGEST:
        raise InvalidInput(
            f"Nothing was done: an idempotency key has between 1 and {_LONGEST} characters; take a random one.",
            rule="idempotency-key",
            field=("idempotencyKey",),
        )
    account = work.viewer.account_id if work.viewer.access_grant_id else None
    acted_for = account.bytes if account else b""
    return sha256(acted_for + idempotency_key.encode("utf-8", "surrogatepass")).digest()
