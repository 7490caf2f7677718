"""Account holders with domains, and requests to order with: straight into the tables, as the services leave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert

from api.db.sessions import Sessions
from api.models import GOVERNANCE, AccountId, AccountRow, DomainId, DomainRow
from api.viewer import ALL_OWN_DATA, Origin, Role, Viewer
from governance.access import Grants
from governance.audit.event import Person
from governance.clock import Clock
from governance.ids import DataSubjectId, new_id, new_pseudonym
from governance.keys import ContentKeys

ADDRESS = "198.51.100.77"


class Ground(Protocol):
    """Where people are made: any platform of the tests."""

    @property
    def sessions(self) -> Sessions: ...

    @property
    def keys(self) -> ContentKeys: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True)
class Holder:
    viewer: Viewer
    account_id: AccountId
    person: Person
    email: str


async def make_holder(ground: Ground, *names: str, email: str = "", notify: bool = True) -> Holder:
    """Make an account whose domains are `names`."""
    person = Person(DataSubjectId(new_id(ground.clock)), new_pseudonym())
    account_id = AccountId(new_id(ground.clock))
    email = email or f"holder-{account_id.hex}@mail.example"
    await ground.keys.create(person.id)
    now = ground.clock.now()
    async with ground.sessions.write() as session:
        await session.execute(
            insert(GOVERNANCE.data_subject).values(
                id=person.id, kind="holder", pseudonym=person.pseudonym, created_at=now
            )
        )
        await session.execute(insert(AccountRow).values(_account(account_id, person, email, notify) | _times(now)))
    await add_domains(ground, account_id, names)
    grants = Grants(frozenset({"domains", "certificates", "agents"}), ALL_OWN_DATA)
    viewer = Viewer(Role.HOLDER, Origin(ADDRESS, "Browser/1"), person, account_id, grants=grants)
    return Holder(viewer, account_id, person, email)


def _account(account_id: AccountId, person: Person, email: str, notify: bool) -> dict[str, object]:
    return {
        "id": account_id,
        "data_subject_id": person.id,
        "email": email,
        "email_key": email.lower(),
        "password_hash": "-",
        "display_name": "Nobody Inparticular",
        "company_name": "Quiet Company",
        "language": "en",
        "time_zone": "Etc/UTC",
        "display_mode": "system",
        "notify_expiry": notify,
        "notify_failure": notify,
        "notify_installation": notify,
        "age_statement_version": "1",
        "plan": "free",
    }


def _times(now: object) -> dict[str, object]:
    return dict.fromkeys(("password_changed_at", "age_statement_at", "created_at", "email_verified_at"), now)


async def add_domains(ground: Ground, account_id: AccountId, names: Iterable[str]) -> None:
    rows = [
        {
            "id": DomainId(new_id(ground.clock)),
            "account_id": account_id,
            "name": name,
            "name_unicode": name,
            "created_at": ground.clock.now(),
        }
        for name in names
    ]
    if rows:
        async with ground.sessions.write() as session:
            await session.execute(insert(DomainRow), rows)


@lru_cache(maxsize=64)
def leaf_key(label: str) -> ec.EllipticCurvePrivateKey:
    """Return the key of one server, the same for the same label."""
    return ec.generate_private_key(ec.SECP256R1())


def make_csr(names: Sequence[str], *, key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """Make a request in PEM, as an agent would."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = builder.add_extension(alternatives, critical=False).sign(
        key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    )
    return request.public_bytes(Encoding.PEM).decode()
