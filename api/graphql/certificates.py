"""Domains, orders, certificates and agents of an account, as objects that lead to each other."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.certificates import queries
from api.domains import lists as domain_queries
from api.graphql.arguments import After, First
from api.graphql.connections import Connection, connection, page_bounds
from api.graphql.context import Context
from api.graphql.domains import DomainValidation
from api.graphql.errors import CaProblem
from api.graphql.nodes import Node, encode_id
from api.graphql.orders import Authorization, ChallengeType, Disclosure, OrderState
from api.graphql.personal import personal
from api.graphql.problems import stored_problem
from api.graphql.scopes import RequiresScope
from api.models import AgentRow, CertificateRow, DomainRow, InstallationRow, OrderRow
from governance.ids import Pseudonym

Info = strawberry.Info[Context, None]
_CERTIFICATES = [RequiresScope(scope="certificates:read")]


@strawberry.type(description="Where an agent says a certificate is installed.", directives=_CERTIFICATES)
class Installation:
    """One installation."""

    row: strawberry.Private[InstallationRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    target_name: str = personal.field(InstallationRow.target_name, description="Which place on the server.")
    fingerprint_sha256: str = personal.field(
        InstallationRow.fingerprint_sha256, description="SHA-256 of what is installed, in hex."
    )
    installed_at: datetime = personal.field(InstallationRow.installed_at, description="When, by the agent's clock.")
    reported_at: datetime = personal.field(InstallationRow.reported_at, description="When the agent told us.")

    @personal.computed("opaque name of a row", description="The agent that told us.")
    def agent_id(self) -> strawberry.ID:
        """Return the agent's id."""
        return encode_id("Agent", self.row.agent_id)


@strawberry.type(description="An issued certificate; its private key was never here.", directives=_CERTIFICATES)
class Certificate(Node):
    """A certificate with its chain."""

    row: strawberry.Private[CertificateRow]
    authority: str = personal.field(CertificateRow.authority, description="Who issued it.")
    names: list[str] = personal.field(CertificateRow.names, description="The names it is for.")
    serial_number: str = personal.field(CertificateRow.serial_number, description="Serial number, in hex.")
    fingerprint_sha256: str = personal.field(CertificateRow.fingerprint_sha256, description="SHA-256 of the leaf, hex.")
    issuer_name: str = personal.field(CertificateRow.issuer_name, description="Who signed it (RFC 4514).")
    not_before: datetime = personal.field(CertificateRow.not_before, description="Valid from.")
    not_after: datetime = personal.field(CertificateRow.not_after, description="Valid until.")
    chain_pem: str = personal.field(CertificateRow.chain_pem, description="The leaf and its intermediates, PEM.")
    created_at: datetime = personal.field(CertificateRow.created_at, description="When it was received.")
    revoked_at: datetime | None = personal.field(CertificateRow.revoked_at, description="When it was revoked.")
    revocation_reason: str | None = personal.field(CertificateRow.revocation_reason, description="Why it was revoked.")

    @strawberry.field(description="Where agents say it is installed.", directives=_CERTIFICATES)
    async def installations(self, info: Info) -> list[Installation]:
        """Return the installations."""
        async with info.context.sessions.read() as session:
            rows = (await queries.installations_of(session, [self.row.id])).get(self.row.id, [])
        return [Installation(row=row, about=self.about) for row in rows]

    @strawberry.field(
        description="Your domains among its names, by name.", directives=[RequiresScope(scope="domains:read")]
    )
    async def domains(self, info: Info) -> list[Annotated["Domain", strawberry.lazy("api.graphql.certificates")]]:
        """Return the domains of the account that the certificate is for."""
        async with info.context.sessions.read() as session:
            rows = await domain_queries.domains_named(session, self.row.account_id, self.row.names)
        return [Domain(row=row, about=self.about) for row in rows]


@strawberry.type(description="An order for a certificate (RFC 8555 section 7.1.3).", directives=_CERTIFICATES)
class Order(Node):
    """An order; it goes on by itself except while it is `PENDING`."""

    row: strawberry.Private[OrderRow]
    authority: str = personal.field(OrderRow.authority, description="The certificate authority.")
    names: list[str] = personal.field(OrderRow.names, description="The names ordered.")
    challenge_type: ChallengeType = personal.field(OrderRow.challenge_type, description="How the names are proved.")
    state: OrderState = personal.field(OrderRow.state, description="Where it stands.")
    created_at: datetime = personal.field(OrderRow.created_at, description="When it was placed.")
    expires_at: datetime | None = personal.field(OrderRow.expires_at, description="When the authority drops it.")
    ended_at: datetime | None = personal.field(OrderRow.ended_at, description="When it ended.")
    next_action_at: datetime | None = personal.field(
        OrderRow.resume_at, name="nextActionAt", description="When it goes on by itself."
    )

    @personal.field(OrderRow.problem, description="Why it ended, or why it waits.")
    def problem(self) -> CaProblem | None:
        """Read the stored problem document."""
        return stored_problem(self.row.problem)

    @strawberry.field(description="The names to prove, with what to place for each.", directives=_CERTIFICATES)
    async def authorizations(self, info: Info) -> list[Authorization]:
        """Return the authorizations with the challenges of the chosen type."""
        async with info.context.sessions.read() as session:
            details = (await queries.order_details(session, [self.row.id]))[self.row.id]
        return [
            Authorization(
                row=found.row,
                about=self.about,
                challenge_rows=[one for one in found.challenges if one.type == self.row.challenge_type],
            )
            for found in details.authorizations
        ]

    @strawberry.field(description="What was disclosed for it, and to whom.", directives=_CERTIFICATES)
    async def disclosures(self, info: Info) -> list[Disclosure]:
        """Return the disclosure records."""
        async with info.context.sessions.read() as session:
            details = (await queries.order_details(session, [self.row.id]))[self.row.id]
        return [Disclosure(row=row, about=self.about) for row in details.disclosures]

    @strawberry.field(description="The certificate, once it is issued.", directives=_CERTIFICATES)
    async def certificate(self, info: Info) -> Certificate | None:
        """Return the certificate."""
        if self.row.certificate_id is None:
            return None
        async with info.context.sessions.read() as session:
            row = await queries.certificate_of(session, self.row.account_id, self.row.certificate_id)
        return Certificate(row=row, about=self.about) if row is not None else None


@strawberry.type(description="A DNS name you manage.", directives=[RequiresScope(scope="domains:read")])
class Domain(Node):
    """A domain of the account."""

    row: strawberry.Private[DomainRow]
    name: str = personal.field(DomainRow.name, description="The name as A-labels, as certificates hold it.")
    name_unicode: str = personal.field(DomainRow.name_unicode, description="The name as people read it.")
    created_at: datetime = personal.field(DomainRow.created_at, description="When it was added.")

    @personal.field(DomainRow.name, description="Whether it covers every host directly below.")
    def wildcard(self) -> bool:
        """Tell a wildcard."""
        return self.row.name.startswith("*.")

    @strawberry.field(description="Proofs of control, newest first.", directives=[RequiresScope(scope="domains:read")])
    async def validations(self, info: Info, first: First, after: After = None) -> Connection[DomainValidation]:
        """Return a page of validations."""
        size, key = page_bounds(first, after)
        async with info.context.sessions.read() as session:
            page = await domain_queries.validations_of(session, self.row.id, first=size, after=key)
        nodes = [(row.id, DomainValidation(row=row, about=self.about)) for row in page.rows]
        return connection(nodes, page.has_next, key, page.total)

    @strawberry.field(description="Certificates that hold the name, newest first.", directives=_CERTIFICATES)
    async def certificates(self, info: Info, first: First, after: After = None) -> Connection[Certificate]:
        """Return a page of certificates."""
        size, key = page_bounds(first, after)
        async with info.context.sessions.read() as session:
            page = await queries.certificates_of(
                session, self.row.account_id, queries.Page(size, key), name=self.row.name
            )
        nodes = [(row.id, Certificate(row=row, about=self.about)) for row in page.rows]
        return connection(nodes, page.has_next, key, page.total_count)


@strawberry.type(description="An agent on one of your servers.", directives=[RequiresScope(scope="agents:read")])
class Agent(Node):
    """An enrolled agent, and all that it told of its server (clause 1.2-a)."""

    row: strawberry.Private[AgentRow]
    label: str = personal.field(AgentRow.label, description="What you call it.")
    host_name: str = personal.field(AgentRow.host_name, description="The server's name.")
    operating_system: str = personal.field(AgentRow.operating_system, description="The server's system and version.")
    agent_version: str = personal.field(AgentRow.agent_version, description="The agent's version.")
    web_server: str | None = personal.field(AgentRow.web_server, description="The web server it serves.")
    created_at: datetime = personal.field(AgentRow.created_at, description="When it was enrolled.")
    last_contact_at: datetime | None = personal.field(AgentRow.last_contact_at, description="When it last reported.")
