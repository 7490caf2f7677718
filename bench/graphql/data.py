"""The data: accounts with domains and certificates in the product's own tables, written by COPY, and a way in for each.

Rows come in the order in which a real installation would have got them: the certificates of one account lie scattered.
Every account gets a content key made by the product's own part, and an API token it signs requests with. All values
have one length, so all answers to a question have one length.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from api.app import Core
from api.auth.api_tokens import mint
from api.auth.scopes import HOLDER_SCOPES
from api.viewer import ALL_OWN_DATA
from governance.clock import ManualClock
from governance.ids import DataSubjectId, new_id, new_pseudonym

ISSUER: Final = "C=US,O=Let's Encrypt,CN=R12"
AUTHORITY: Final = "Let's Encrypt"
LIFETIME: Final = timedelta(days=90)
_CHAIN_OCTETS: Final = 1500
_PEM_LINE: Final = 64
_KEYS_AT_ONCE: Final = 4
_STEP: Final = timedelta(milliseconds=37)
Row = tuple[Any, ...]
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much data there is: `certificates` for each domain, `domains` for each account."""

    accounts: int = 1000
    domains: int = 20
    certificates: int = 5


@dataclass(frozen=True, slots=True)
class Caller:
    """One account holder with the API token of theirs."""

    account_id: UUID
    api_token: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written. Every certificate ends before `expiring_before`, none is revoked."""

    callers: tuple[Caller, ...]
    expiring_before: datetime

    def write(self, path: Path) -> None:
        """Write who has which token, for the servers that look viewers up in a dictionary."""
        path.touch(mode=0o600)
        path.write_text(json.dumps({one.api_token: str(one.account_id) for one in self.callers}))


def read_callers(path: Path) -> dict[str, UUID]:
    """Read what `Filled.write` wrote: account ids by token."""
    return {api_token: UUID(account) for api_token, account in json.loads(path.read_text()).items()}


@dataclass(frozen=True, slots=True)
class _Person:
    subject: DataSubjectId
    account: UUID
    number: int


async def fill(core: Core, size: Size, report: Report = lambda *_: None) -> Filled:
    """Write everything; `report` is told what is being written, how far it is, and how much there is."""
    now = core.clock.now()
    people = [
        _Person(DataSubjectId(_id(now - timedelta(days=400))), _id(now - timedelta(days=400)), number)
        for number in range(size.accounts)
    ]
    await _make_keys(core, people, report)
    tokens = [mint() for _ in people]
    owner = await asyncpg.connect(core.urls.owner.plain)
    try:
        await _copy(owner, "data_subject", _subjects(people, now))
        await _copy(owner, "account", _accounts(people, now))
        await _copy(owner, "api_token", _api_tokens(people, [token.secret_hash for token in tokens], now))
        report("domains", 0, size.accounts * size.domains)
        await _copy(owner, "domain", _domains(people, size, now))
        await _copy(owner, "certificate", _certificates(people, size, now, report))
        await owner.execute("vacuum analyze data_subject, account, api_token, domain, certificate, certificate_name")
    finally:
        await owner.close()
    callers = tuple(Caller(who.account, token.text) for who, token in zip(people, tokens, strict=True))
    return Filled(callers, now + LIFETIME)


async def _make_keys(core: Core, people: Sequence[_Person], report: Report) -> None:
    for begin in range(0, len(people), _KEYS_AT_ONCE):
        await asyncio.gather(*(core.keys.create(who.subject) for who in people[begin : begin + _KEYS_AT_ONCE]))
        report("content keys", begin, len(people))


async def _copy(connection: asyncpg.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    columns = list(first)

    def values() -> Iterator[Row]:
        yield tuple(first.values())
        for row in rows:
            yield tuple(row.values())

    await connection.copy_records_to_table(table, records=values(), columns=columns)


def _id(moment: datetime) -> UUID:
    return new_id(ManualClock(moment))


def _subjects(people: Sequence[_Person], now: datetime) -> Iterator[dict[str, Any]]:
    for who in people:
        yield {"id": who.subject, "kind": "holder", "pseudonym": new_pseudonym(), "created_at": now}


def _accounts(people: Sequence[_Person], now: datetime) -> Iterator[dict[str, Any]]:
    for who in people:
        email = f"holder-{who.number:06}@mail.example"
        yield {
            "id": who.account,
            "data_subject_id": who.subject,
            "email": email,
            "email_key": email,
            "email_verified_at": now,
            "password_hash": "-",
            "password_changed_at": now,
            "display_name": f"Account {who.number:08}",
            "company_name": f"Company {who.number:06} & Söhne",
            "country": "DE",
            "language": "en",
            "time_zone": "Europe/Berlin",
            "display_mode": "system",
            "notify_expiry": True,
            "notify_failure": True,
            "notify_installation": True,
            "age_statement_at": now,
            "age_statement_version": "1",
            "plan": "free",
            "created_at": now - timedelta(days=400) + _STEP * who.number,
            "last_sign_in_at": now,
        }


def _api_tokens(people: Sequence[_Person], hashes: Sequence[bytes], now: datetime) -> Iterator[dict[str, Any]]:
    for who, secret_hash in zip(people, hashes, strict=True):
        yield {
            "id": _id(now - timedelta(days=10)),
            "data_subject_id": who.subject,
            "account_id": who.account,
            "secret_hash": secret_hash,
            "name": "benchmark",
            "hint": "sslm_…",
            "scopes": sorted(HOLDER_SCOPES),
            "categories": sorted(ALL_OWN_DATA),
            "created_at": now - timedelta(days=10),
        }


def domain_name(account: int, number: int) -> str:
    """Return a name that exists once."""
    return f"host-{number:03}.holder-{account:06}.example"


def _domains(people: Sequence[_Person], size: Size, now: datetime) -> Iterator[dict[str, Any]]:
    moment = now - timedelta(days=300)
    for number in range(size.domains):
        for who in people:
            moment += _STEP
            name = domain_name(who.number, number)
            yield {
                "id": _id(moment),
                "account_id": who.account,
                "name": name,
                "name_unicode": name,
                "created_at": moment,
            }


def _certificates(people: Sequence[_Person], size: Size, now: datetime, report: Report) -> Iterator[dict[str, Any]]:
    """Issue round by round, the newest last; each ends within the next 89 days and none before tomorrow."""
    total = size.certificates * size.domains * len(people)
    chance = random.Random(20_000)  # noqa: S311 - rows to measure with, the same each time
    place = 0
    for _ in range(size.certificates):
        for number in range(size.domains):
            for who in people:
                place += 1
                if place % 1000 == 0:
                    report("certificates", place, total)
                not_after = now + timedelta(days=1) + timedelta(days=88) * (place / total)
                yield _certificate(
                    who, domain_name(who.number, number), not_after, chance, now - _STEP * (total - place)
                )


def _certificate(
    who: _Person, name: str, not_after: datetime, chance: random.Random, created_at: datetime
) -> dict[str, Any]:
    return {
        "id": _id(created_at),
        "account_id": who.account,
        "authority": AUTHORITY,
        "names": [name],
        "serial_number": chance.randbytes(18).hex(),
        "fingerprint_sha256": chance.randbytes(32).hex(),
        "public_key_sha256": chance.randbytes(32).hex(),
        "issuer_name": ISSUER,
        "not_before": not_after - LIFETIME,
        "not_after": not_after,
        "chain_pem": _chain(chance),
        "created_at": created_at,
    }


def _chain(chance: random.Random) -> str:
    """Return 2 KB that look like PEM and cannot be compressed, so that PostgreSQL stores them out of line."""
    text = base64.b64encode(chance.randbytes(_CHAIN_OCTETS)).decode()
    lines = "\n".join(text[place : place + _PEM_LINE] for place in range(0, len(text), _PEM_LINE))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
