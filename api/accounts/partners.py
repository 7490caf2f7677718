"""Partners, as the operator keeps them: entered in the register, approved, given tokens, disabled.

The rule: only an administrator or the operator at the command line does any of this, and no token is made for a partner
whose entry in the register is not approved with its contract (rule X-5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select, update

from api.accounts.api_tokens import LONGEST_LIFE_DAYS, MintedApiToken, TokenGrants, TokenOwner, add_api_token
from api.accounts.errors import AlreadyDone, SettingRefused
from api.accounts.holders import new_person
from api.accounts.recipients import NewRecipient, add_recipient, approve_recipient, end_recipient
from api.accounts.restriction_errors import AdministratorRequired, PartnerNotApproved
from api.accounts.values import parse_address, parse_line
from api.auth.delegation import DELEGABLE_CATEGORIES, DELEGABLE_SCOPES, PARTNER_SCOPES
from api.db.sessions import ReadSession
from api.kit.errors import NotFound
from api.models import (
    GOVERNANCE,
    AccessGrantRow,
    ApiTokenRow,
    PartnerContactId,
    PartnerContactRow,
    PartnerId,
    PartnerRow,
    RecipientRow,
)
from api.viewer import Role
from api.work import Work
from governance.audit.event import EventKind, Person
from governance.ids import new_id

_PERSON = GOVERNANCE.data_subject
_CONTACT: Final = (PartnerContactRow.name, PartnerContactRow.email, PartnerContactRow.created_at)


@dataclass(frozen=True, slots=True)
class NewPartner:
    """An organisation that is to act for holders, and who stands for it."""

    recipient: NewRecipient
    contact_name: str
    contact_email: str


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner with its entry in the register."""

    row: PartnerRow
    recipient: RecipientRow


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner as the operator's list shows it: without its contact person, with counts."""

    partner: Partner
    tokens: int
    grants: int


async def add_partner(work: Work, asked: NewPartner) -> Partner:
    """Enter an organisation, not approved yet, with its contact person; raise `AlreadyDone` if the code is taken."""
    _require_administrator(work)
    recipient = await add_recipient(work, asked.recipient, kind="partner")
    partner = PartnerRow(id=PartnerId(new_id(work.clock)), recipient_id=recipient.id, created_at=work.clock.now())
    work.session.add(partner)
    await work.session.flush()
    person = await _add_contact(work, partner.id, asked.contact_name, asked.contact_email)
    await work.record(EventKind.ADMINISTRATION, "addPartner", *_CONTACT, about=[person], rows={"partner": 1})
    return Partner(partner, recipient)


async def approve_partner(work: Work, code: str, *, contract_reference: str, safeguard: str | None = None) -> Partner:
    """Approve the entry in the register under its contract; from then on the partner may act for who granted it."""
    _require_administrator(work)
    found = await _partner(work, code)
    if found.row.disabled_at is not None:
        raise AlreadyDone("This partner was disabled, so nothing was changed. Enter it anew under another code.")
    await approve_recipient(work, found.recipient, contract_reference=contract_reference, safeguard=safeguard)
    return found


async def disable_partner(work: Work, code: str) -> Partner:
    """Shut a partner out at once: its tokens end, its grants end, its entry in the register ends. Safe to repeat."""
    _require_administrator(work)
    found = await _partner(work, code)
    if found.row.disabled_at is not None:
        return found
    now = work.clock.now()
    found.row.disabled_at = now
    end_recipient(work, found.recipient)
    ended = await _end_tokens(work, ApiTokenRow.partner_id == found.row.id)
    revoked = await work.session.scalars(
        update(AccessGrantRow)
        .where(AccessGrantRow.partner_id == found.row.id, AccessGrantRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessGrantRow.id)
    )
    grants = revoked.all()
    await work.session.flush()
    await work.record(
        EventKind.ADMINISTRATION,
        "disablePartner",
        ApiTokenRow.revoked_at,
        AccessGrantRow.revoked_at,
        rows={"partner": 1, "api_token": ended, "access_grant": len(grants)},
    )
    return found


async def replace_contact(work: Work, code: str, *, name: str, email: str) -> Partner:
    """Let somebody else stand for a partner; the former contact's tokens end, for they were that person's."""
    _require_administrator(work)
    found = await _partner(work, code)
    former = await _contact(work, found)
    now = work.clock.now()
    await work.session.execute(
        update(PartnerContactRow)
        .where(PartnerContactRow.partner_id == found.row.id, PartnerContactRow.ended_at.is_(None))
        .values(ended_at=now)
    )
    ended = await _end_tokens(work, ApiTokenRow.partner_id == found.row.id)
    person = await _add_contact(work, found.row.id, name, email)
    await work.record(
        EventKind.ADMINISTRATION,
        "replacePartnerContact",
        *_CONTACT,
        PartnerContactRow.ended_at,
        ApiTokenRow.revoked_at,
        about=[person, *([former] if former else [])],
        rows={"partner_contact": 1, "api_token": ended},
    )
    return found


async def mint_partner_token(work: Work, code: str, name: str, *, expires_in_days: int) -> MintedApiToken:
    """Make a token by which an approved partner acts; each grant cuts it down to what its holder allows."""
    _require_administrator(work)
    if not 1 <= expires_in_days <= LONGEST_LIFE_DAYS:
        raise SettingRefused(
            f"A token of a partner lives 1 to {LONGEST_LIFE_DAYS} days. No token was made.",
            rule="token-life",
            field=("expiresInDays",),
        )
    found = await _partner(work, code)
    person = await _contact(work, found)
    if found.recipient.approved_at is None or found.row.disabled_at is not None or person is None:
        raise PartnerNotApproved
    minted = await add_api_token(
        work,
        TokenOwner(person, partner_id=found.row.id),
        TokenGrants(tuple(sorted(DELEGABLE_SCOPES | PARTNER_SCOPES)), tuple(sorted(DELEGABLE_CATEGORIES))),
        name=_line(name, "name"),
        expires_at=work.clock.now() + timedelta(days=expires_in_days),
    )
    await work.record(
        EventKind.ADMINISTRATION,
        "createPartnerToken",
        ApiTokenRow.secret_hash,
        ApiTokenRow.scopes,
        ApiTokenRow.expires_at,
        about=[person],
        rows={"api_token": 1},
    )
    return minted


async def list_partners(session: ReadSession) -> Sequence[ListedPartner]:
    """Return every partner, by code, with how many tokens and grants are not revoked; nothing of any person."""
    tokens = select(func.count()).where(ApiTokenRow.partner_id == PartnerRow.id, ApiTokenRow.revoked_at.is_(None))
    grants = select(func.count()).where(AccessGrantRow.partner_id == PartnerRow.id, AccessGrantRow.revoked_at.is_(None))
    rows = await session.execute(
        select(PartnerRow, RecipientRow, tokens.scalar_subquery(), grants.scalar_subquery())
        .join(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
        .order_by(RecipientRow.code)
    )
    return [ListedPartner(Partner(row[0], row[1]), row[2], row[3]) for row in rows]


async def _end_tokens(work: Work, which: ColumnElement[bool]) -> int:
    ended = await work.session.scalars(
        update(ApiTokenRow)
        .where(which, ApiTokenRow.revoked_at.is_(None))
        .values(revoked_at=work.clock.now())
        .returning(ApiTokenRow.id)
    )
    return len(ended.all())


async def _add_contact(work: Work, partner_id: PartnerId, name: str, email: str) -> Person:
    address, shown = parse_address(email, field="contactEmail"), _line(name, "contactName")
    person = await new_person(work, "partner_contact")
    work.session.add(
        PartnerContactRow(
            id=PartnerContactId(new_id(work.clock)),
            partner_id=partner_id,
            data_subject_id=person.id,
            name=shown,
            email=address.text,
            created_at=work.clock.now(),
        )
    )
    await work.session.flush()
    return person


async def _contact(work: Work, partner: Partner) -> Person | None:
    found = (
        await work.session.execute(
            select(_PERSON.c.id, _PERSON.c.pseudonym)
            .join(PartnerContactRow, PartnerContactRow.data_subject_id == _PERSON.c.id)
            .where(PartnerContactRow.partner_id == partner.row.id, PartnerContactRow.ended_at.is_(None))
        )
    ).one_or_none()
    return Person(found[0], found[1]) if found else None


async def _partner(work: Work, code: str) -> Partner:
    found = (
        await work.session.execute(
            select(PartnerRow, RecipientRow)
            .join(RecipientRow, RecipientRow.id == PartnerRow.recipient_id)
            .where(RecipientRow.code == code)
            .with_for_update(of=PartnerRow)
        )
    ).one_or_none()
    if found is None:
        raise NotFound("There is no partner with this code. Nothing was changed. `sslm partner list` shows all.")
    return Partner(found[0], found[1])


def _require_administrator(work: Work) -> None:
    if work.viewer.role is not Role.ADMINISTRATOR:
        raise AdministratorRequired


def _line(typed: str, field: str) -> str:
    line = parse_line(typed, field=field)
    if line is None:
        raise SettingRefused("Give a name. Nothing was changed.", rule="required", field=(field,))
    return line
