"""Partners and grants for tests, made by the real services: entered, approved, given a token, granted access."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from api.accounts.grants import Terms, grant_partner_access
from api.accounts.invitations import accept_invitation, grant_teammate_access
from api.accounts.partners import NewPartner, Partner, add_partner, approve_partner, mint_partner_token
from api.accounts.recipients import NewRecipient
from api.accounts.staff import OPERATOR
from api.auth.delegation import DELEGABLE_CATEGORIES, DELEGABLE_SCOPES
from api.graphql.nodes import encode_id
from api.models import AccessGrantRow, PartnerContactRow, SessionId
from api.viewer import Viewer
from governance.ids import new_id
from tests.factories.accounts import link_in
from tests.integration.auth.people import Someone
from tests.integration.conftest import Platform

ALL_SCOPES = tuple(sorted(DELEGABLE_SCOPES))
ALL_CATEGORIES = tuple(sorted(DELEGABLE_CATEGORIES))
THROTTLE = b"throttle secret of a test"


@dataclass(frozen=True)
class Organisation:
    """A partner with the text of a token."""

    partner: Partner
    api_token: str

    @property
    def global_id(self) -> str:
        return str(encode_id("Partner", self.partner.row.id))


def entry(code: str = "acme-hosting", **changed: Any) -> NewPartner:
    recipient = NewRecipient(code, f"{code} Ltd", "Hosts web sites", "DE", ("issuance", "deployment"))
    return NewPartner(replace(recipient, **changed), "Petra Partner", f"petra@{code}.example.com")


async def organisation(platform: Platform, code: str = "acme-hosting") -> Organisation:
    """Enter and approve a partner, and make it a token."""
    async with platform.works.open(OPERATOR) as work:
        await add_partner(work, entry(code))
    async with platform.works.open(OPERATOR) as work:
        partner = await approve_partner(work, code, contract_reference="C-1")
        minted = await mint_partner_token(work, code, "server", expires_in_days=90)
    return Organisation(partner, minted.text)


async def contact_of(platform: Platform, one: Organisation) -> PartnerContactRow:
    async with platform.sessions.read() as session:
        statement = select(PartnerContactRow).where(PartnerContactRow.partner_id == one.partner.row.id)
        return (await session.scalars(statement)).one()


def signed_in(platform: Platform, someone: Someone) -> Viewer:
    """Return the viewer of a holder in a browser; the session's own row is not looked at by what these tests call."""
    return replace(someone.viewer, session_id=SessionId(new_id(platform.clock)))


def terms(
    platform: Platform,
    *,
    scopes: tuple[str, ...] = ALL_SCOPES,
    categories: tuple[str, ...] = ALL_CATEGORIES,
    days: int = 30,
) -> Terms:
    return Terms(scopes, categories, platform.clock.now() + timedelta(days=days))


async def granted(
    platform: Platform, someone: Someone, one: Organisation, key: str = "k-1", **asked: Any
) -> AccessGrantRow:
    """Let the holder grant the partner access."""
    async with platform.works.open(signed_in(platform, someone)) as work:
        return await grant_partner_access(work, one.partner.row.id, terms(platform, **asked), key)


async def invited(platform: Platform, someone: Someone, email: str, key: str = "k-1", **asked: Any) -> AccessGrantRow:
    async with platform.works.open(signed_in(platform, someone)) as work:
        return await grant_teammate_access(work, THROTTLE, email, terms(platform, **asked), key)


async def teammate_of(platform: Platform, someone: Someone, mate: Someone, email: str, **asked: Any) -> AccessGrantRow:
    """Let the holder invite a teammate, who accepts by the mailed link."""
    await invited(platform, someone, email, **asked)
    link_token = await link_in(platform, "access_invitation", email)
    async with platform.works.open(signed_in(platform, mate)) as work:
        return await accept_invitation(work, link_token)


def act_for(grant: AccessGrantRow) -> str:
    """Return what to send as `Sslm-Act-For`."""
    return str(encode_id("AccessGrant", grant.id))
