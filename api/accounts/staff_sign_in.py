"""Staff sign in with password and one-time code, both wrong or right together (RFC 6238).

The rule: a code is spent once, each attempt is counted before it is looked at, and nobody learns which part was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select

from api.accounts.attempts import Attempt, Claimed, count, password_matches, record_failure, take_back
from api.accounts.errors import SignInRefused
from api.accounts.parts import AccountParts
from api.accounts.security_log import SecurityEvent, log_security
from api.accounts.sessions import SessionOwner, SignedIn, begin_session
from api.accounts.staff import SECRET_CONTEXT, Member
from api.accounts.values import parse_address
from api.auth.one_time_codes import accepted_step
from api.auth.throttle import sign_in_buckets
from api.auth.viewers import session_grants
from api.db.sessions import ReadSession
from api.models import GOVERNANCE, SessionRow, StaffRow
from api.viewer import Role, Viewer
from api.work import Work
from governance.audit.event import Person

_PERSON = GOVERNANCE.data_subject
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class StaffSignIn:
    """What a member of staff types to get in."""

    email: str
    password: str = field(repr=False)
    one_time_code: str = field(repr=False)


async def staff_sign_in(parts: AccountParts, viewer: Viewer, asked: StaffSignIn) -> SignedIn:
    """Start a session that ends with the browser's, or raise `SignInRefused` with the failure committed."""
    key = parse_address(asked.email).key
    async with parts.works.open(viewer) as work:
        member = await _member(work.session, StaffRow.email_key == key, lock=False)
        buckets = sign_in_buckets(
            parts.throttle_secret, email_key=f"staff {key}", address=viewer.origin.address, device_secret=None
        )
        attempt = await count(work, "staffSignIn", SecurityEvent.SIGN_IN, _claimed(member), buckets)
    matches = await password_matches(parts, attempt, asked.password)
    signed_in = await _let_in(parts, viewer, member, attempt, asked.one_time_code) if member and matches else None
    if signed_in is None:
        await record_failure(parts, viewer, attempt)
        raise SignInRefused
    return signed_in


async def _let_in(
    parts: AccountParts, viewer: Viewer, seen: Member, attempt: Attempt, one_time_code: str
) -> SignedIn | None:
    """Spend the code and begin the session; None if the code is wrong or spent, or the member was disabled."""
    async with parts.works.open(viewer) as work:
        member = await _member(work.session, StaffRow.id == seen.staff.id, lock=True)
        if member is None or member.staff.password_hash != seen.staff.password_hash:
            return None
        staff, person = member.staff, member.person
        secret = await work.keys.unseal(person.id, staff.one_time_code_secret, SECRET_CONTEXT)
        step = accepted_step(secret, one_time_code, work.clock.now(), last_step=staff.last_code_step)
        if step is None:
            return None
        staff.last_code_step = step
        await take_back(work, attempt)
        return await _begin(work, member)


async def _begin(work: Work, member: Member) -> SignedIn:
    staff, person = member.staff, member.person
    role = Role(staff.role)
    work = work.acting_as(
        Viewer(role, work.viewer.origin, person=person, staff_id=staff.id, session_id=work.viewer.session_id)
    )
    session, secret = await begin_session(work, SessionOwner(person, staff_id=staff.id), stay_signed_in=False)
    await log_security(
        work, person, SecurityEvent.SIGN_IN, "staffSignIn", SessionRow.secret_hash, StaffRow.last_code_step
    )
    viewer = Viewer(
        role,
        work.viewer.origin,
        person=person,
        staff_id=staff.id,
        session_id=session.id,
        grants=session_grants(role),
    )
    return SignedIn(secret, session, viewer)


async def _member(session: ReadSession, which: ColumnElement[bool], *, lock: bool) -> Member | None:
    statement = (
        select(StaffRow, _PERSON.c.id, _PERSON.c.pseudonym)
        .join(_PERSON, _PERSON.c.id == StaffRow.data_subject_id)
        .where(which, StaffRow.disabled_at.is_(None))
    )
    if lock:
        statement = statement.with_for_update(of=StaffRow).execution_options(populate_existing=True)
    found = (await session.execute(statement)).one_or_none()
    return Member(found[0], Person(found[1], found[2])) if found else None


def _claimed(member: Member | None) -> Claimed | None:
    if member is None:
        return None
    return Claimed(member.person, member.staff.password_hash, member.staff.email, _LANGUAGE)
