"""The operator's own people: made, disabled, given a token for programs.

The rule: only an administrator or the operator at the command line manages staff, and no role reads personal data by
default: a role's grants come from `session_grants`, never from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select, update

from api.accounts.api_tokens import LONGEST_LIFE_DAYS, MintedApiToken, TokenGrants, TokenOwner, add_api_token
from api.accounts.errors import AlreadyDone, SettingRefused
from api.accounts.holders import new_person
from api.accounts.parts import AccountParts
from api.accounts.restriction_errors import AdministratorRequired
from api.accounts.sessions import SessionOwner, end_sessions
from api.accounts.values import MailAddress, parse_address, parse_line
from api.auth.one_time_codes import new_one_time_secret, setup_uri
from api.auth.passwords import check_new_password
from api.auth.viewers import session_grants
from api.kit.errors import NotFound
from api.kit.secrets import random_url_token
from api.models import GOVERNANCE, ApiTokenRow, SessionRow, StaffId, StaffRow
from api.viewer import STAFF_ROLES, Role, Viewer
from api.work import Work
from governance.audit.event import EventKind, Person
from governance.ids import new_id

OPERATOR: Final = Viewer(Role.ADMINISTRATOR)
"""The operator at the command line of the server, who has no row of their own."""

SECRET_CONTEXT: Final = "staff.one_time_code_secret"  # noqa: S105 - the name of a column
_MADE_PASSWORD_OCTETS: Final = 18
_PERSON = GOVERNANCE.data_subject
_WRITTEN = (
    StaffRow.email,
    StaffRow.email_key,
    StaffRow.name,
    StaffRow.role,
    StaffRow.password_hash,
    StaffRow.one_time_code_secret,
    StaffRow.created_at,
)


@dataclass(frozen=True, slots=True)
class NewStaff:
    """Who is to work here. Without a password one is made and shown once."""

    email: str
    name: str
    role: Role
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StaffCreated:
    """What the new member of staff is told once; none of it can be had again. `password` None: it was given."""

    staff: StaffRow
    password: str | None = field(repr=False)
    otpauth_uri: str = field(repr=False)
    one_time_code_secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff with the person they are."""

    staff: StaffRow
    person: Person


async def create_staff(parts: AccountParts, viewer: Viewer, asked: NewStaff) -> StaffCreated:
    """Make a member of staff, who signs in with password and one-time code; raise `AlreadyDone` if there is one."""
    _require_administrator(viewer)
    address, asked = parse_address(asked.email), replace(asked, name=_name(asked.name))
    if asked.role not in STAFF_ROLES:
        raise SettingRefused("There is no such role. Nobody was added.", rule="role", field=("role",))
    made = None if asked.password is not None else random_url_token(_MADE_PASSWORD_OCTETS)
    password = check_new_password(asked.password or made or "", email=address.text)
    password_hash = await parts.passwords.hash(password)
    secret = new_one_time_secret()
    async with parts.works.open(viewer) as work:
        staff = await _add(work, address, asked, password_hash, secret)
    uri = setup_uri(secret, account=address.text, issuer=parts.site_name)
    return StaffCreated(staff, made, uri, secret)


async def disable_staff(work: Work, email: str) -> StaffRow:
    """Shut a member of staff out at once: sessions and API tokens end. Safe to repeat."""
    _require_administrator(work.viewer)
    member = await _member(work, email)
    if member.staff.disabled_at is not None:
        return member.staff
    member.staff.disabled_at = work.clock.now()
    await end_sessions(work, SessionOwner(member.person, staff_id=member.staff.id))
    await work.session.execute(
        update(ApiTokenRow)
        .where(ApiTokenRow.staff_id == member.staff.id, ApiTokenRow.revoked_at.is_(None))
        .values(revoked_at=work.clock.now())
    )
    await work.session.flush()
    await work.record(
        EventKind.ADMINISTRATION,
        "disableStaff",
        StaffRow.disabled_at,
        SessionRow.revoked_at,
        ApiTokenRow.revoked_at,
        about=[member.person],
    )
    return member.staff


async def mint_staff_token(work: Work, email: str, name: str, *, expires_in_days: int) -> MintedApiToken:
    """Make an API token for a member of staff; it may do what their role may on the day it is used."""
    _require_administrator(work.viewer)
    if not 1 <= expires_in_days <= LONGEST_LIFE_DAYS:
        raise SettingRefused(
            f"A token of staff lives 1 to {LONGEST_LIFE_DAYS} days. No token was made.",
            rule="token-life",
            field=("expiresInDays",),
        )
    member = await _member(work, email)
    if member.staff.disabled_at is not None:
        raise AlreadyDone("This member of staff is disabled, so no token was made.")
    minted = await add_api_token(
        work,
        TokenOwner(member.person, staff_id=member.staff.id),
        TokenGrants(tuple(sorted(session_grants(Role(member.staff.role)).scopes)), ()),
        name=_name(name),
        expires_at=work.clock.now() + timedelta(days=expires_in_days),
    )
    await work.record(
        EventKind.ADMINISTRATION,
        "createStaffToken",
        ApiTokenRow.secret_hash,
        ApiTokenRow.scopes,
        ApiTokenRow.expires_at,
        about=[member.person],
    )
    return minted


async def _add(work: Work, address: MailAddress, asked: NewStaff, password_hash: str, secret: bytes) -> StaffRow:
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"staff {address.key}", 0))))
    if await work.session.scalar(select(StaffRow.id).where(StaffRow.email_key == address.key)):
        raise AlreadyDone("There is a member of staff with this address. Nobody was added.")
    person = await new_person(work, "staff")
    staff = StaffRow(
        id=StaffId(new_id(work.clock)),
        data_subject_id=person.id,
        email=address.text,
        email_key=address.key,
        name=asked.name,
        role=asked.role.value,
        password_hash=password_hash,
        one_time_code_secret=await work.keys.seal(person.id, secret, SECRET_CONTEXT),
        created_at=work.clock.now(),
    )
    work.session.add(staff)
    await work.session.flush()
    await work.record(EventKind.ADMINISTRATION, "createStaff", *_WRITTEN, about=[person], rows={"staff": 1})
    return staff


async def _member(work: Work, email: str) -> Member:
    found = (
        await work.session.execute(
            select(StaffRow, _PERSON.c.id, _PERSON.c.pseudonym)
            .join(_PERSON, _PERSON.c.id == StaffRow.data_subject_id)
            .where(StaffRow.email_key == parse_address(email).key)
            .with_for_update(of=StaffRow)
        )
    ).one_or_none()
    if found is None:
        raise NotFound("There is no member of staff with this address. Nothing was changed.")
    return Member(found[0], Person(found[1], found[2]))


def _require_administrator(viewer: Viewer) -> None:
    if viewer.role is not Role.ADMINISTRATOR:
        raise AdministratorRequired


def _name(typed: str) -> str:
    name = parse_line(typed, field="name")
    if name is None:
        raise SettingRefused("Give a name. Nothing was changed.", rule="required", field=("name",))
    return name
