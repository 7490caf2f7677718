"""Who a credential belongs to: from a session cookie or an API token to a `Viewer`, in one statement each.

The rule: ended, expired, revoked and unknown credentials are answered alike, and so are those of closed accounts,
disabled staff and partners that are not approved. Looking somebody up writes nothing; the edge calls a `touch` function
in a write session of its own. Who acts under a grant is looked up together with it (`acting.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, Select, bindparam, func, or_, select, update

from api.auth.acting import NOW, acting_under, grants_alive, with_grant
from api.auth.api_tokens import parse
from api.auth.delegation import partner_grants
from api.auth.errors import CredentialRefused
from api.auth.scopes import HOLDER_SCOPES, OFFICER_SCOPES, STAFF_SCOPES
from api.db.prepared import Looks, Prepared
from api.db.sessions import ReadSession, WriteSession
from api.kit.secrets import hash_secret
from api.models import (
    GOVERNANCE,
    AccessGrantId,
    AccessGrantRow,
    AccountRow,
    ApiTokenRow,
    PartnerRow,
    RecipientRow,
    SessionRow,
    StaffRow,
)
from api.models.access import NULL
from api.viewer import ALL_OWN_DATA, Origin, Role, Viewer
from governance.access import Grants
from governance.audit.event import Person
from governance.clock import Clock

TOUCHED_EVERY: Final = timedelta(minutes=1)
_PERSON = GOVERNANCE.data_subject
_TOKEN: Final = select(
    ApiTokenRow.id,
    ApiTokenRow.account_id,
    ApiTokenRow.agent_id,
    ApiTokenRow.partner_id,
    ApiTokenRow.scopes,
    ApiTokenRow.categories,
    ApiTokenRow.on_missing_category,
    ApiTokenRow.expires_at,
)
_SECRET_HASH: Final = bindparam("secret_hash", type_=LargeBinary())
_Lookup = tuple[Prepared, Prepared]
"""The lookup alone, and with a grant."""
_READ_THE_LOG: Final = frozenset({Role.COMPLIANCE_OFFICER, Role.AUDITOR})
_OF_THE_LOG: Final = frozenset({"user.unique_id.pseudonymous"})
"""All that officers and auditors read of people: their pseudonyms in the audit log."""


async def viewer_of_session(
    looks: Looks, secret: str, origin: Origin, clock: Clock, act_for: AccessGrantId | None = None
) -> Viewer | None:
    """Return who is signed in with this secret; None if nobody is (any more).

    With `act_for` they act under that grant; raise `GrantRefused` if it is not theirs or does not hold.
    """
    row = await _found(looks, _SESSION_LOOKUP, hash_secret(secret), clock, act_for)
    if row is None:
        return None
    role = Role(row.staff_role) if row.staff_role else Role.HOLDER
    viewer = Viewer(
        role,
        origin,
        person=_person(row),
        account_id=row.account_id,
        staff_id=row.staff_id,
        session_id=row.id,
        grants=session_grants(role),
        credential_ends_at=row.expires_at,
    )
    return viewer if act_for is None else acting_under(viewer, row)


async def viewer_of_api_token(
    looks: Looks, text: str, origin: Origin, clock: Clock, act_for: AccessGrantId | None = None
) -> Viewer:
    """Return whose token this is; raise `CredentialRefused`, before asking the database if its checksum is wrong.

    With `act_for` its owner acts under that grant; raise `GrantRefused` if it is not theirs or does not hold.
    """
    row = await _found(looks, _TOKEN_LOOKUP, parse(text).secret_hash, clock, act_for)
    if row is None:
        raise CredentialRefused
    viewer = Viewer(
        _token_role(row),
        origin,
        person=_person(row),
        account_id=row.account_id,
        staff_id=row.staff_id,
        api_token_id=row.id,
        agent_id=row.agent_id,
        grants=_token_grants(row),
        credential_ends_at=row.expires_at,
        partner_id=row.partner_id,
        recipient=row.recipient,
    )
    if act_for is not None:
        return acting_under(viewer, row)
    return viewer if viewer.partner_id is None else replace(viewer, grants=partner_grants(viewer.grants))


async def _found(looks: Looks, lookup: _Lookup, secret_hash: bytes, clock: Clock, act_for: AccessGrantId | None) -> Any:
    """Return the one row that a secret opens now, with the grant if one is named."""
    alone, under_grant = lookup
    if act_for is None:
        return await alone.one(looks, secret_hash=secret_hash, now=clock.now())
    return await under_grant.one(looks, secret_hash=secret_hash, now=clock.now(), act_for=act_for)


async def credentials_alive(
    session: ReadSession, credentials: Collection[UUID], clock: Clock
) -> dict[UUID, datetime | None]:
    """Return those sessions, API tokens and grants that still open something, and when each ends by itself."""
    now = clock.now()
    alive = await grants_alive(session, credentials, now)
    for table in (SessionRow, ApiTokenRow):
        owned = _with_owner(select(table.id, table.expires_at), table)
        kept = (owned if table is SessionRow else _with_partner(owned)).where(
            table.id.in_(credentials),
            table.revoked_at.is_(None),
            or_(table.expires_at.is_(None), table.expires_at > now),
        )
        alive |= {row.id: row.expires_at for row in await session.execute(kept)}
    return alive


def session_grants(role: Role) -> Grants:
    """Return what a signed-in browser may do: holders everything of their own, staff what their role needs."""
    if role is Role.HOLDER:
        return Grants(HOLDER_SCOPES, ALL_OWN_DATA)
    return Grants(OFFICER_SCOPES, _OF_THE_LOG) if role in _READ_THE_LOG else Grants(STAFF_SCOPES)


async def touch(
    session: WriteSession,
    table: type[SessionRow | ApiTokenRow | AccessGrantRow],
    row_ids: Collection[UUID],
    clock: Clock,
) -> None:
    """Remember that credentials or grants were used now; those marked less than a minute ago stay as they are.

    Rows are locked in the order of their ids, so that two processes never wait for each other.
    """
    now = clock.now()
    used = func.coalesce(table.last_used_at, table.created_at - TOUCHED_EVERY)
    due = select(table.id).where(table.id.in_(row_ids), used <= now - TOUCHED_EVERY).order_by(table.id)
    locked = due.with_for_update(skip_locked=True).cte("due")
    await session.execute(update(table).where(table.id.in_(select(locked.c.id))).values(last_used_at=now))


def _with_owner(columns: Select[*tuple[Any, ...]], owned: type[SessionRow | ApiTokenRow]) -> Select[*tuple[Any, ...]]:
    """Join the person and the account or staff row, which must be open."""
    return (
        columns.add_columns(
            _PERSON.c.id.label("person_id"), _PERSON.c.pseudonym, owned.staff_id, StaffRow.role.label("staff_role")
        )
        .join(_PERSON, _PERSON.c.id == owned.data_subject_id)
        .outerjoin(AccountRow, AccountRow.id == owned.account_id)
        .outerjoin(StaffRow, StaffRow.id == owned.staff_id)
        .where(AccountRow.closed_at.is_(None), StaffRow.disabled_at.is_(None))
    )


def _with_partner(columns: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join the partner and its entry in the register, which must be approved and in force."""
    return (
        columns.add_columns(RecipientRow.code.label("recipient"))
        .outerjoin(PartnerRow, PartnerRow.id == ApiTokenRow.partner_id)
        .outerjoin(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
        .where(
            PartnerRow.disabled_at.is_(None),
            RecipientRow.ended_at.is_(None),
            or_(ApiTokenRow.partner_id.is_(None), RecipientRow.approved_at.is_not(None)),
        )
    )


def _person(row: Any) -> Person:
    return Person(row.person_id, row.pseudonym)


def _token_role(row: Any) -> Role:
    if row.staff_role:
        return Role(row.staff_role)
    if row.partner_id:
        return Role.PARTNER
    return Role.AGENT if row.agent_id else Role.HOLDER


def _token_grants(row: Any) -> Grants:
    """Cut a staff token down to what its owner's role may do today; roles change, tokens do not."""
    scopes = frozenset(row.scopes)
    if row.staff_role:
        present = session_grants(Role(row.staff_role))
        return Grants(scopes & present.scopes, present.categories)
    return Grants(scopes & HOLDER_SCOPES, frozenset(row.categories), row.on_missing_category == NULL)


def _session_lookup() -> _Lookup:
    found = _with_owner(select(SessionRow.id, SessionRow.account_id, SessionRow.expires_at), SessionRow).where(
        SessionRow.secret_hash == _SECRET_HASH, SessionRow.revoked_at.is_(None), SessionRow.expires_at > NOW
    )
    return Prepared(found), Prepared(with_grant(found, SessionRow.account_id))


def _token_lookup() -> _Lookup:
    found = _with_partner(_with_owner(_TOKEN, ApiTokenRow)).where(
        ApiTokenRow.secret_hash == _SECRET_HASH,
        ApiTokenRow.revoked_at.is_(None),
        or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > NOW),
    )
    return Prepared(found), Prepared(with_grant(found, ApiTokenRow.account_id, ApiTokenRow.partner_id))


_SESSION_LOOKUP: Final = _session_lookup()
_TOKEN_LOOKUP: Final = _token_lookup()
