"""Who may act for an account: partners, teammates, invitations that wait; and whom the caller may act for."""

from datetime import datetime
from uuid import UUID

import strawberry

from api.accounts import grant_queries
from api.accounts.grant_queries import GrantDetails, HeldGrant
from api.graphql.connections import Connection, connection, page_bounds
from api.graphql.context import Context
from api.graphql.cursors import Cursor
from api.graphql.nodes import Node, encode_id
from api.graphql.orders import Disclosure
from api.graphql.personal import personal
from api.graphql.scopes import RequiresScope
from api.models import AccessGrantRow, AccountId, AccountRow, InvitationRow, PartnerRow, RecipientRow
from governance.ids import Pseudonym

Info = strawberry.Info[Context, None]
_READ = [RequiresScope(scope="access:read")]


@strawberry.type(
    description="An organisation that the operator approved; it acts only for holders who granted it something.",
    directives=_READ,
)
class Partner(Node):
    """A partner, as the register of recipients names it."""

    row: strawberry.Private[PartnerRow]
    recipient: strawberry.Private[RecipientRow]
    code: str = personal.plain(RecipientRow.code, row="recipient", description="Its name in disclosures.")
    name: str = personal.plain(RecipientRow.name, row="recipient", description="What it is called.")
    description: str = personal.plain(RecipientRow.description, row="recipient", description="What it does for you.")
    country: str = personal.plain(RecipientRow.country, row="recipient", description="Where it is; ISO 3166 code.")
    purposes: list[str] = personal.plain(
        RecipientRow.purposes, row="recipient", description="What it may use data for: codes of the policy."
    )
    safeguard: str | None = personal.plain(
        RecipientRow.safeguard, row="recipient", description="What protects data outside of the EEA (GDPR Art. 45, 46)."
    )


@strawberry.type(description="Somebody with an account of their own who may act for yours.", directives=_READ)
class Teammate:
    """The account that was granted."""

    row: strawberry.Private[AccountRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    email: str = personal.field(AccountRow.email, description="Their address.")


@strawberry.type(description="An invitation that was mailed and not accepted yet.", directives=_READ)
class AccessInvitation:
    """An invitation."""

    row: strawberry.Private[InvitationRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    email: str = personal.field(InvitationRow.email, description="Where it was mailed to.")
    expires_at: datetime = personal.field(InvitationRow.expires_at, description="When its link ends.")


@strawberry.type(description="That somebody else may act for your account.", directives=_READ)
class AccessGrant(Node):
    """One grant, in force, waiting or ended."""

    row: strawberry.Private[AccessGrantRow]
    details: strawberry.Private[GrantDetails]
    scopes: list[str] = personal.field(AccessGrantRow.scopes, description="What they may do.")
    categories: list[str] = personal.field(AccessGrantRow.categories, description="Which data they may see.")
    created_at: datetime = personal.field(AccessGrantRow.created_at, description="When you granted it.")
    until: datetime = personal.field(AccessGrantRow.until, description="When it ends by itself.")
    accepted_at: datetime | None = personal.field(
        AccessGrantRow.accepted_at, description="Since when it holds; null while an invitation waits."
    )
    last_used_at: datetime | None = personal.field(
        AccessGrantRow.last_used_at, description="When somebody last acted under it, to the minute."
    )
    revoked_at: datetime | None = personal.field(AccessGrantRow.revoked_at, description="When you ended it.")

    @strawberry.field(description="The partner, if it was granted to one.")
    def partner(self) -> Partner | None:
        """Return the partner."""
        found = self.details
        if found.partner is None or found.recipient is None:
            return None
        return Partner(row=found.partner, recipient=found.recipient, about=())

    @strawberry.field(description="The teammate, if it was granted to one who accepted.")
    def teammate(self) -> Teammate | None:
        """Return the teammate; showing them tells something about them, too."""
        row, pseudonym = self.details.teammate, self.details.teammate_pseudonym
        return Teammate(row=row, about=(pseudonym,)) if row is not None and pseudonym is not None else None

    @strawberry.field(description="The invitation, while it waits.")
    def invitation(self) -> AccessInvitation | None:
        """Return the invitation."""
        row, pseudonym = self.details.invitation, self.details.invited_pseudonym
        return AccessInvitation(row=row, about=(pseudonym,)) if row is not None and pseudonym is not None else None


@strawberry.type(description="An account that the caller may act for.", directives=_READ)
class GrantedAccount:
    """A grant as its grantee sees it."""

    row: strawberry.Private[AccessGrantRow]
    account: strawberry.Private[AccountRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]

    @personal.computed("opaque name of a row", description="Send it as `Sslm-Act-For` to act for the account.")
    def act_for(self) -> strawberry.ID:
        """Return the id of the grant."""
        return encode_id("AccessGrant", self.row.id)

    @personal.computed("opaque name of a row", description="The account's id: the same under every grant.")
    def account_id(self) -> strawberry.ID:
        """Return the id of the account."""
        return encode_id("Account", self.row.account_id)

    email: str = personal.field(AccountRow.email, row="account", description="The holder's address.")
    display_name: str | None = personal.field(
        AccountRow.display_name, row="account", description="What the holder is called."
    )
    scopes: list[str] = personal.field(AccessGrantRow.scopes, description="What you may do.")
    categories: list[str] = personal.field(AccessGrantRow.categories, description="Which data you may see.")
    created_at: datetime = personal.field(AccessGrantRow.created_at, description="When it was granted.")
    until: datetime = personal.field(AccessGrantRow.until, description="When it ends by itself.")
    last_used_at: datetime | None = personal.field(
        AccessGrantRow.last_used_at, description="When you last acted under it, to the minute."
    )


async def grants_page(info: Info, first: int, after: Cursor | None) -> Connection[AccessGrant] | None:
    """Return a page of the account's grants; null for whoever acts for none."""
    size, key = page_bounds(first, after)
    viewer = info.context.viewer
    if viewer.account_id is None or viewer.holder is None:
        return None
    about = (viewer.holder.pseudonym,)
    async with info.context.sessions.read() as session:
        page = await grant_queries.access_grants_of(session, viewer, viewer.account_id, first=size, after=key)
    nodes = [(one.row.id, AccessGrant(row=one.row, about=about, details=one)) for one in page.items]
    return connection(nodes, page.has_next, key, page.total)


async def disclosures_page(
    info: Info, account_id: AccountId, about: tuple[Pseudonym, ...], first: int, after: Cursor | None
) -> Connection[Disclosure]:
    """Return a page of what left for recipients."""
    size, key = page_bounds(first, after)
    async with info.context.sessions.read() as session:
        page = await grant_queries.disclosures_of(session, info.context.viewer, account_id, first=size, after=key)
    nodes = [(row.id, Disclosure(row=row, about=about)) for row in page.items]
    return connection(nodes, page.has_next, key, page.total)


async def partners_page(info: Info, first: int, after: Cursor | None) -> Connection[Partner]:
    """Return a page of approved partners."""
    size, key = page_bounds(first, after)
    async with info.context.sessions.read() as session:
        page = await grant_queries.partners(session, first=size, after=key)
    nodes = [(row.id, Partner(row=row, recipient=recipient, about=())) for row, recipient in page.items]
    return connection(nodes, page.has_next, key, page.total)


async def granted_accounts_page(info: Info, first: int, after: Cursor | None) -> Connection[GrantedAccount]:
    """Return a page of the accounts that the caller may act for now."""
    size, key = page_bounds(first, after)
    context = info.context
    async with context.sessions.read() as session:
        now = context.clock.now()
        page = await grant_queries.held_grants_of(session, context.viewer, now, first=size, after=key)
    nodes = [(one.row.id, _granted(one)) for one in page.items]
    return connection(nodes, page.has_next, key, page.total)


async def partner_node(info: Info, row_id: UUID) -> Partner | None:
    """Return an approved partner by its row id."""
    async with info.context.sessions.read() as session:
        found = await grant_queries.partner_of(session, row_id)
    return Partner(row=found[0], recipient=found[1], about=()) if found is not None else None


async def grant_node(
    info: Info, account_id: AccountId, row_id: UUID, about: tuple[Pseudonym, ...]
) -> AccessGrant | None:
    """Return a grant of the account by its row id."""
    async with info.context.sessions.read() as session:
        found = await grant_queries.access_grant_of(session, account_id, row_id)
    return AccessGrant(row=found.row, about=about, details=found) if found is not None else None


def _granted(one: HeldGrant) -> GrantedAccount:
    return GrantedAccount(row=one.row, account=one.account, about=(one.holder,))
