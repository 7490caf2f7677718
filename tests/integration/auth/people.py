"""Rows of people who can get in, written straight into the tables: what these tests are about is reading them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from api.auth.api_tokens import ApiTokenSecret, mint
from api.auth.viewers import session_grants
from api.kit.secrets import hash_secret, random_url_token
from api.models import GOVERNANCE, AccountId, AccountRow, ApiTokenRow, SessionId, SessionRow, StaffId, StaffRow
from api.viewer import Origin, Role, Viewer
from api.work import Work
from governance.audit.event import Person
from governance.ids import DataSubjectId, new_id, new_pseudonym
from tests.integration.conftest import Platform

ORIGIN = Origin("203.0.113.7", "a browser", "request-1")


@dataclass(frozen=True)
class Someone:
    """A person with an account or a post, and the viewer they are when signed in."""

    person: Person
    account_id: AccountId | None
    staff_id: StaffId | None
    role: Role

    @property
    def viewer(self) -> Viewer:
        return Viewer(
            self.role,
            ORIGIN,
            person=self.person,
            account_id=self.account_id,
            staff_id=self.staff_id,
            grants=session_grants(self.role),
        )

    @property
    def owner(self) -> dict[str, Any]:
        return {"data_subject_id": self.person.id, "account_id": self.account_id, "staff_id": self.staff_id}


async def _person(work: Work, kind: str) -> Person:
    person = Person(DataSubjectId(new_id(work.clock)), new_pseudonym())
    await work.keys.create(person.id)
    await work.session.execute(
        insert(GOVERNANCE.data_subject).values(
            id=person.id, kind=kind, pseudonym=person.pseudonym, created_at=work.clock.now()
        )
    )
    return person


async def holder(platform: Platform, email: str = "sara@example.com", **columns: Any) -> Someone:
    """Write an account with a verified address."""
    now = platform.clock.now()
    async with platform.works.open(Viewer(Role.JOB)) as work:
        person, account_id = await _person(work, "holder"), AccountId(new_id(work.clock))
        values = {
            "id": account_id,
            "data_subject_id": person.id,
            "email": email,
            "email_key": email.lower(),
            "email_verified_at": now,
            "password_hash": "none",
            "password_changed_at": now,
            "language": "en",
            "time_zone": "UTC",
            "display_mode": "system",
            "notify_expiry": True,
            "notify_failure": True,
            "notify_installation": True,
            "age_statement_at": now,
            "age_statement_version": "1",
            "plan": "free",
            "created_at": now,
        }
        await work.session.execute(insert(AccountRow).values(values | columns))
    return Someone(person, account_id, None, Role.HOLDER)


async def staff(platform: Platform, role: Role, **columns: Any) -> Someone:
    """Write a member of staff."""
    async with platform.works.open(Viewer(Role.JOB)) as work:
        person, staff_id = await _person(work, "staff"), StaffId(new_id(work.clock))
        values = {
            "id": staff_id,
            "data_subject_id": person.id,
            "email": f"{role}@example.com",
            "email_key": f"{role}@example.com",
            "name": "Omar",
            "role": role.value,
            "password_hash": "none",
            "one_time_code_secret": b"sealed",
            "created_at": platform.clock.now(),
        }
        await work.session.execute(insert(StaffRow).values(values | columns))
    return Someone(person, None, staff_id, role)


async def session_of(platform: Platform, someone: Someone, **columns: Any) -> tuple[SessionId, str]:
    """Write a session and return its id and secret."""
    secret, now = random_url_token(), platform.clock.now()
    session_id = SessionId(new_id(platform.clock))
    values = someone.owner | {
        "id": session_id,
        "secret_hash": hash_secret(secret),
        "stay_signed_in": False,
        "user_agent": "a browser",
        "address": "203.0.113.7",
        "created_at": now,
        "last_used_at": now,
        "expires_at": now + timedelta(days=1),
        "reauthenticated_at": now,
    }
    async with platform.works.open(Viewer(Role.JOB)) as work:
        await work.session.execute(insert(SessionRow).values(values | columns))
    return session_id, secret


async def api_token_of(platform: Platform, someone: Someone, **columns: Any) -> tuple[UUID, ApiTokenSecret]:
    """Write an API token and return its id and secret."""
    api_token, row_id = mint(), new_id(platform.clock)
    values = someone.owner | {
        "id": row_id,
        "secret_hash": api_token.secret_hash,
        "name": "build server",
        "hint": api_token.hint,
        "scopes": ["domains:read"],
        "categories": ["user"],
        "created_at": platform.clock.now(),
    }
    async with platform.works.open(Viewer(Role.JOB)) as work:
        await work.session.execute(insert(ApiTokenRow).values(values | columns))
    return row_id, api_token
