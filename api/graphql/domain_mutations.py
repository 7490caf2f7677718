"""Mutations on domains."""

import strawberry

from api.domains.service import add_domain, remove_domain
from api.graphql.account_mutations import own
from api.graphql.certificates import Domain
from api.graphql.errors import UserError
from api.graphql.mutate import Info, in_one_transaction
from api.graphql.nodes import required_id
from api.graphql.payloads import ERRORS
from api.graphql.scopes import RequiresScope
from api.models import DomainId
from api.work import Work

_WRITE = [RequiresScope(scope="domains:write")]


@strawberry.input(description="A name to add.")
class AddDomainInput:
    """Domain to add."""

    name: str = strawberry.field(description="A DNS name, in Unicode or as A-labels; `*.example.com` is a wildcard.")


@strawberry.input(description="Which domain goes.")
class RemoveDomainInput:
    """Domain to remove."""

    domain_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="The domain after the change.")
class DomainPayload:
    """Domain, or errors."""

    domain: Domain | None = strawberry.field(default=None, description="The domain.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class DomainMutations:
    """Mutations of domains."""

    @strawberry.mutation(description="Add a name to your account; it is proved when you order.", directives=_WRITE)
    async def add_domain(self, info: Info, input: AddDomainInput) -> DomainPayload | None:  # noqa: A002 - the schema's word
        """Add a domain."""
        allow = info.context.services.certificates.allow_reserved_names

        async def act(work: Work) -> DomainPayload:
            row = await add_domain(work, input.name, allow_reserved_names=allow)
            return DomainPayload(domain=Domain(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, DomainPayload, act)

    @strawberry.mutation(description="Forget a name; its certificates stay as they are.", directives=_WRITE)
    async def remove_domain(self, info: Info, input: RemoveDomainInput) -> DomainPayload | None:  # noqa: A002
        """Remove a domain."""

        async def act(work: Work) -> DomainPayload:
            domain_id = DomainId(required_id(input.domain_id, "Domain", "domainId"))
            row = await remove_domain(work, domain_id)
            return DomainPayload(domain=Domain(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, DomainPayload, act)
