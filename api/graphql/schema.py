"""The schema: its roots, its maps for execution, and its printed text."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry
from strawberry.schema.config import StrawberryConfig

from api.accounts.holders import holder_of
from api.certificates import queries as certificate_queries
from api.certificates.notices import order_notices
from api.domains.lists import domain_of
from api.execution.plan import SEVERAL, UNPLANNED
from api.execution.schema_map import SchemaMap
from api.graphql.access_grants import (
    AccessGrant,
    GrantedAccount,
    Partner,
    grant_node,
    granted_accounts_page,
    grants_page,
    partner_node,
    partners_page,
)
from api.graphql.access_mutations import AccessMutations
from api.graphql.account import TOLD_BY_ARGUMENTS, Account
from api.graphql.account_mutations import AccountMutations
from api.graphql.agent_mutations import AgentMutations
from api.graphql.arguments import After, First, NodeId, describe_inputs
from api.graphql.audit import AuditEvent, AuditEventFilter, read_events
from api.graphql.certificate_mutations import CertificateMutations
from api.graphql.certificates import Agent, Certificate, Domain, Order
from api.graphql.connections import Connection
from api.graphql.context import Context
from api.graphql.cursors import CURSOR, Cursor
from api.graphql.domain_mutations import DomainMutations
from api.graphql.errors import ERROR_TYPES
from api.graphql.explain import Document, ExplainPayload, OperationName, Variables, explained
from api.graphql.moments import DATE_TIME
from api.graphql.nodes import Node, decode_id
from api.graphql.nodes import row_id as row_behind
from api.graphql.notices import NameWarning, Notice, OrderNotices
from api.graphql.once import once_by_coordinate
from api.graphql.own_access import api_token_node, session_node
from api.graphql.prices import prices
from api.graphql.scopes import RequiresScope, scopes_by_coordinate
from api.graphql.sign_up_mutations import SignUpMutations
from api.graphql.sources import sources
from api.graphql.subscriptions import Subscription
from api.models import AccountId
from governance.graphql import schema_tags

Info = strawberry.Info[Context, None]
Names = Annotated[list[str], strawberry.argument(description="The names you are about to order.")]
_ACCESS: Final = [RequiresScope(scope="access:read")]
_KINDS: Final[dict[str, Any]] = {
    "Domain": (domain_of, Domain),
    "Order": (certificate_queries.order_of, Order),
    "Certificate": (certificate_queries.certificate_of, Certificate),
    "Agent": (certificate_queries.agent_of, Agent),
}


@strawberry.type(description="What can be read. Lists belong to `me`.")
class Query:
    """What can be read."""

    @strawberry.field(description="Your account; null for whoever acts for none.")
    async def me(self, info: Info) -> Account | None:
        """Return the caller's account."""
        return await _account(info)

    @strawberry.field(description="An object by its id; null where there is none, and where it is not yours.")
    async def node(self, info: Info, id: NodeId) -> Node | None:  # noqa: A002 - Relay's word
        """Return an object of the caller's account."""
        found = decode_id(id)
        account_id = info.context.viewer.account_id
        if found is None or account_id is None:
            return None
        return await _node(info, found[0], found[1], account_id)

    @strawberry.field(
        description="What must be shown before these names are ordered (clauses 4.1-c, 4.1-d).",
        directives=[RequiresScope(scope="certificates:order")],
    )
    async def order_notices(self, info: Info, names: Names) -> OrderNotices | None:
        """Return the notices, with what you acknowledged already."""
        account_id = info.context.viewer.account_id
        if account_id is None:
            return None
        authority = info.context.services.certificates.rules.authority
        async with info.context.sessions.read() as session:
            found = await order_notices(session, account_id, names, authority)
        return OrderNotices(
            certificate_transparency=_notice(found.certificate_transparency),
            certificate_authority=_notice(found.certificate_authority),
            warnings=[NameWarning(name=one.name, text=one.text) for one in found.warnings],
        )

    @strawberry.field(
        description="Who else may act for your account, or was invited to, newest first; what ended, too.",
        directives=_ACCESS,
    )
    async def access_grants(self, info: Info, first: First, after: After = None) -> Connection[AccessGrant] | None:
        """Return a page of grants."""
        return await grants_page(info, first, after)

    @strawberry.field(
        description="Partners that the operator approved, newest first; they act only for whoever grants them.",
        directives=_ACCESS,
    )
    async def partners(self, info: Info, first: First, after: After = None) -> Connection[Partner] | None:
        """Return a page of partners."""
        return await partners_page(info, first, after)

    @strawberry.field(description="An approved partner by its id; null where there is none.", directives=_ACCESS)
    async def partner(self, info: Info, id: NodeId) -> Partner | None:  # noqa: A002 - Relay's word
        """Return a partner."""
        found = row_behind(id, "Partner")
        return await partner_node(info, found) if found is not None else None

    @strawberry.field(
        description="Accounts that you may act for now, as a partner or teammate, newest first.", directives=_ACCESS
    )
    async def granted_accounts(
        self, info: Info, first: First, after: After = None
    ) -> Connection[GrantedAccount] | None:
        """Return a page of accounts."""
        return await granted_accounts_page(info, first, after)

    @strawberry.field(
        description="What an operation would cost, show and need, and what you lack for it; nothing of it runs.",
        directives=[RequiresScope(scope="schema:read")],
    )
    def explain(
        self,
        info: Info,
        document: Document,
        variables: Variables = None,
        operation_name: OperationName = None,
    ) -> ExplainPayload | None:
        """Explain a document."""
        return explained(info, document, variables, operation_name)

    @strawberry.field(
        description="The audit log, newest first; for compliance officers and auditors.",
        directives=[RequiresScope(scope="audit:read")],
    )
    async def audit_events(
        self,
        info: Info,
        first: First,
        after: After = None,
        filter: AuditEventFilter | None = None,  # noqa: A002 - the schema's word
    ) -> Connection[AuditEvent] | None:
        """Return a page of events."""
        return await read_events(info, first, after, filter)


@strawberry.type(description="What can be done. What stood in the way is data, in `errors` of the payload.")
class Mutation(
    SignUpMutations, AccountMutations, AccessMutations, DomainMutations, CertificateMutations, AgentMutations
):
    """What can be done."""


async def _account(info: Info) -> Account | None:
    viewer = info.context.viewer
    if viewer.account_id is None:
        return None
    async with info.context.sessions.read() as session:
        holder = await holder_of(session, viewer.account_id)
    if holder is None:
        return None
    return Account(row=holder.account, about=(holder.person.pseudonym,))


async def _node(info: Info, kind: str, row_id: UUID, account_id: AccountId) -> Node | None:
    viewer = info.context.viewer
    if kind == "Account":
        return await _account(info) if row_id == account_id else None
    if viewer.holder is None:
        return None
    about = (viewer.holder.pseudonym,)
    if kind in {"Partner", "AccessGrant"}:
        return await (partner_node(info, row_id) if kind == "Partner" else grant_node(info, account_id, row_id, about))
    async with info.context.sessions.read() as session:
        if kind == "Session":
            return await session_node(session, viewer, info.context.clock, row_id, about)
        if kind == "ApiToken":
            return await api_token_node(session, viewer, row_id, about)
        find, shown = _KINDS[kind]
        row = await find(session, account_id, row_id)
    node: Node | None = shown(row=row, about=about) if row is not None else None
    return node


def _notice(found: Any) -> Notice:
    return Notice(version=found.version, text=found.text, policy_url=found.policy_url, acknowledged=found.acknowledged)


schema: Final = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[Account, AccessGrant, Partner, Domain, Order, Certificate, Agent, *ERROR_TYPES],
    config=StrawberryConfig(scalar_map={datetime: DATE_TIME, Cursor: CURSOR}),
)
describe_inputs(schema)


def schema_map() -> SchemaMap:
    """Return what execution knows of the schema."""
    core = schema._schema  # noqa: SLF001 - Strawberry names no other way
    tags, scopes = schema_tags(schema), scopes_by_coordinate(schema)
    return SchemaMap(
        core,
        tags,
        scopes,
        once_by_coordinate(schema),
        sources(schema),
        prices=prices(schema),
        told_by_arguments=TOLD_BY_ARGUMENTS,
    )


def operation_labels() -> frozenset[str]:
    """Return the words by which operations are told apart in metrics: their one root field, or that there are more."""
    core = schema._schema  # noqa: SLF001 - the same
    roots = (core.query_type, core.mutation_type, core.subscription_type)
    return frozenset(name for kind in roots if kind is not None for name in kind.fields) | {SEVERAL, UNPLANNED}


def print_schema_text() -> str:
    """Return the schema as text, with its directives; `schema.graphql` holds the same."""
    return schema.as_str().rstrip() + "\n"
