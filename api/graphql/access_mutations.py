"""Mutations on who may act for an account. Only its holder grants, signed in; ending a grant works at once."""

from datetime import datetime

import strawberry

from api.accounts.grant_queries import access_grant_of
from api.accounts.grants import Terms, grant_partner_access, revoke_access_grant
from api.accounts.invitations import accept_invitation, grant_teammate_access
from api.graphql.access_grants import AccessGrant
from api.graphql.account_mutations import own
from api.graphql.errors import UserError
from api.graphql.mutate import Info, in_one_transaction
from api.graphql.nodes import required_id
from api.graphql.once import ONCE
from api.graphql.payloads import ERRORS, DonePayload
from api.graphql.scopes import RequiresScope
from api.models import AccessGrantId, AccessGrantRow, PartnerId
from api.work import Work

_WRITE = [RequiresScope(scope="access:write")]
_KEY = "A word of your own for this very request: sent again it grants nothing new; with other input it is refused."
_SCOPES = "What they may do, such as `certificates:read`; credentials, settings and grants can never be granted."
_CATEGORIES = "Which data they may see, such as `user.contact.url` for domain names."
_UNTIL = "When it ends by itself, within 366 days."


@strawberry.input(description="That a partner may act for your account.")
class GrantPartnerAccessInput:
    """Grant to a partner."""

    partner_id: strawberry.ID = strawberry.field(description="The partner's id.")
    scopes: list[str] = strawberry.field(description=_SCOPES)
    categories: list[str] = strawberry.field(description=_CATEGORIES)
    until: datetime = strawberry.field(description=_UNTIL)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="That a teammate may act for your account, once they accept by the link we mail them.")
class GrantTeammateAccessInput:
    """Grant to a teammate."""

    email: str = strawberry.field(description="Their address. You do not learn whether it has an account.")
    scopes: list[str] = strawberry.field(description=_SCOPES)
    categories: list[str] = strawberry.field(description=_CATEGORIES)
    until: datetime = strawberry.field(description=_UNTIL)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="Which grant ends, or which invitation is withdrawn.")
class RevokeAccessGrantInput:
    """Grant to end."""

    access_grant_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which invitation is accepted.")
class AcceptAccessGrantInput:
    """Invitation to accept."""

    link_token: str = strawberry.field(description="The token of the mailed link.")


@strawberry.type(description="The grant after the change.")
class AccessGrantPayload:
    """Grant, or errors."""

    access_grant: AccessGrant | None = strawberry.field(default=None, description="The grant.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class AccessMutations:
    """Mutations of grants."""

    @strawberry.mutation(description="Let a partner act for your account; we tell you by mail.", directives=_WRITE)
    async def grant_partner_access(self, info: Info, input: GrantPartnerAccessInput) -> AccessGrantPayload | None:  # noqa: A002
        """Grant a partner."""

        async def act(work: Work) -> AccessGrantPayload:
            partner_id = PartnerId(required_id(input.partner_id, "Partner", "partnerId"))
            return await _payload(
                work, await grant_partner_access(work, partner_id, _terms(input), input.idempotency_key)
            )

        return await in_one_transaction(info, AccessGrantPayload, act)

    @strawberry.mutation(
        description="Invite a teammate to act for your account; it holds once they accept.", directives=[*_WRITE, ONCE]
    )
    async def grant_teammate_access(self, info: Info, input: GrantTeammateAccessInput) -> AccessGrantPayload | None:  # noqa: A002
        """Invite a teammate."""
        secret = info.context.services.accounts.throttle_secret

        async def act(work: Work) -> AccessGrantPayload:
            row = await grant_teammate_access(work, secret, input.email, _terms(input), input.idempotency_key)
            return await _payload(work, row)

        return await in_one_transaction(info, AccessGrantPayload, act)

    @strawberry.mutation(description="End a grant at once, or withdraw an invitation.", directives=_WRITE)
    async def revoke_access_grant(self, info: Info, input: RevokeAccessGrantInput) -> AccessGrantPayload | None:  # noqa: A002
        """End a grant."""

        async def act(work: Work) -> AccessGrantPayload:
            grant_id = AccessGrantId(required_id(input.access_grant_id, "AccessGrant", "accessGrantId"))
            return await _payload(work, await revoke_access_grant(work, grant_id))

        return await in_one_transaction(info, AccessGrantPayload, act)

    @strawberry.mutation(
        description="Accept an invitation to act for somebody's account; `grantedAccounts` then lists it.",
        directives=[*_WRITE, ONCE],
    )
    async def accept_access_grant(self, info: Info, input: AcceptAccessGrantInput) -> DonePayload | None:  # noqa: A002
        """Accept an invitation."""

        async def act(work: Work) -> DonePayload:
            await accept_invitation(work, input.link_token)
            return DonePayload(errors=[])

        return await in_one_transaction(info, DonePayload, act)


async def _payload(work: Work, row: AccessGrantRow) -> AccessGrantPayload:
    """Return a grant of the viewer's account as it is in this transaction."""
    found = await access_grant_of(work.session, row.account_id, row.id)
    shown = AccessGrant(row=found.row, about=own(work), details=found) if found is not None else None
    return AccessGrantPayload(access_grant=shown, errors=[])


def _terms(asked: GrantPartnerAccessInput | GrantTeammateAccessInput) -> Terms:
    return Terms(tuple(asked.scopes), tuple(asked.categories), asked.until)
