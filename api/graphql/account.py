"""The caller's own account, from which every list of theirs is reached."""

from datetime import datetime
from typing import Annotated, Final

import strawberry

from api.accounts import queries
from api.graphql.access_grants import disclosures_page
from api.graphql.accounts import ApiToken, NotificationSettings, SecurityEvent, Session
from api.graphql.arguments import After, First
from api.graphql.certificates import Agent, Certificate, Domain, Order
from api.graphql.connections import Connection, connection, page_bounds
from api.graphql.context import Context
from api.graphql.lists import agents_page, certificates_page, domains_page, orders_page
from api.graphql.nodes import Node
from api.graphql.orders import Disclosure
from api.graphql.personal import personal
from api.graphql.scopes import RequiresScope
from api.graphql.settings_types import DisplayMode
from api.models import AccountRow

Info = strawberry.Info[Context, None]
ExpiringBefore = Annotated[
    datetime | None,
    strawberry.argument(description="Only those that end before this moment and were not revoked."),
]

TOLD_BY_ARGUMENTS: Final = {"Account.certificates(expiringBefore:)": ("Certificate.notAfter", "Certificate.revokedAt")}
"""What the answer to a filter tells of what it does not show; it needs the categories of these fields."""


@strawberry.type(description="An account with its holder.", directives=[RequiresScope(scope="account:read")])
class Account(Node):
    """The account of the caller."""

    row: strawberry.Private[AccountRow]
    email: str = personal.field(AccountRow.email, description="Where mails go and what you sign in with.")
    email_verified_at: datetime | None = personal.field(
        AccountRow.email_verified_at, description="When the address was confirmed; null until then."
    )
    display_name: str | None = personal.field(AccountRow.display_name, description="What you want to be called.")
    company_name: str | None = personal.field(AccountRow.company_name, description="The company, if any.")
    country: str | None = personal.field(AccountRow.country, description="ISO 3166 code; decides wording of rights.")
    language: str = personal.field(AccountRow.language, description="Language of pages and mails.")
    time_zone: str = personal.field(AccountRow.time_zone, description="IANA time zone for dates you are shown.")
    display_mode: DisplayMode = personal.field(AccountRow.display_mode, description="How pages are drawn.")
    plan: str = personal.field(AccountRow.plan, description="free, monthly, yearly or lifetime.")
    age_statement_at: datetime = personal.field(
        AccountRow.age_statement_at, description="When you stated that you are old enough."
    )
    created_at: datetime = personal.field(AccountRow.created_at, description="When the account was made.")
    last_sign_in_at: datetime | None = personal.field(AccountRow.last_sign_in_at, description="The last sign-in.")

    @strawberry.field(description="Which mails about the service you want.")
    def notifications(self) -> NotificationSettings:
        """Return the switches."""
        return NotificationSettings(row=self.row, about=self.about)

    @strawberry.field(
        description="Browsers that are signed in, newest first.", directives=[RequiresScope(scope="security:read")]
    )
    async def sessions(self, info: Info, first: First, after: After = None) -> Connection[Session]:
        """Return a page of sessions."""
        size, key = page_bounds(first, after)
        viewer = info.context.viewer
        async with info.context.sessions.read() as session:
            page = await queries.sessions_of(session, viewer, info.context.clock, first=size, after=key)
        return connection(
            [(row.id, Session(row=row, about=self.about, current_id=viewer.session_id)) for row in page.rows],
            page.has_next,
            key,
            page.total,
        )

    @strawberry.field(
        description="API tokens, those of agents included, newest first.",
        directives=[RequiresScope(scope="security:read")],
    )
    async def api_tokens(self, info: Info, first: First, after: After = None) -> Connection[ApiToken]:
        """Return a page of API tokens."""
        size, key = page_bounds(first, after)
        async with info.context.sessions.read() as session:
            page = await queries.api_tokens_of(session, info.context.viewer, first=size, after=key)
        nodes = [(row.id, ApiToken(row=row, about=self.about)) for row in page.rows]
        return connection(nodes, page.has_next, key, page.total)

    @strawberry.field(
        description="Sign-ins and other events of safety in the last 90 days, newest first.",
        directives=[RequiresScope(scope="security:read")],
    )
    async def security_events(self, info: Info, first: First, after: After = None) -> Connection[SecurityEvent]:
        """Return a page of security events."""
        size, key = page_bounds(first, after)
        async with info.context.sessions.read() as session:
            page = await queries.security_events_of(session, info.context.viewer, first=size, after=key)
        nodes = [(row.id, SecurityEvent(row=row, about=self.about)) for row in page.rows]
        return connection(nodes, page.has_next, key, page.total)

    @strawberry.field(
        description="What left for authorities and partners, newest first (Art. 15(1)(c)).",
        directives=[RequiresScope(scope="access:read")],
    )
    async def disclosures(self, info: Info, first: First, after: After = None) -> Connection[Disclosure]:
        """Return a page of disclosures."""
        return await disclosures_page(info, self.row.id, self.about, first, after)

    @strawberry.field(description="Domains you manage, newest first.", directives=[RequiresScope(scope="domains:read")])
    async def domains(self, info: Info, first: First, after: After = None) -> Connection[Domain]:
        """Return a page of domains."""
        return await domains_page(info, self.about, first, after)

    @strawberry.field(description="Orders, newest first.", directives=[RequiresScope(scope="certificates:read")])
    async def orders(self, info: Info, first: First, after: After = None) -> Connection[Order]:
        """Return a page of orders."""
        return await orders_page(info, self.about, first, after)

    @strawberry.field(description="Certificates, newest first.", directives=[RequiresScope(scope="certificates:read")])
    async def certificates(
        self, info: Info, first: First, after: After = None, expiring_before: ExpiringBefore = None
    ) -> Connection[Certificate]:
        """Return a page of certificates."""
        return await certificates_page(info, self.about, first, after, expiring_before)

    @strawberry.field(description="Enrolled agents, newest first.", directives=[RequiresScope(scope="agents:read")])
    async def agents(self, info: Info, first: First, after: After = None) -> Connection[Agent]:
        """Return a page of agents."""
        return await agents_page(info, self.about, first, after)
