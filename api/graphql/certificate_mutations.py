"""Mutations that order, confirm and revoke. Each that leaves a mark at the authority takes an idempotency key."""

from enum import Enum

import strawberry

from api.certificates.orders import CertificateOrder, confirm_challenges, order_certificate
from api.graphql.account_mutations import own
from api.graphql.certificates import Certificate, Order
from api.graphql.errors import UserError
from api.graphql.mutate import Info, in_one_transaction, outside
from api.graphql.nodes import required_id
from api.graphql.orders import ChallengeType
from api.graphql.payloads import ERRORS
from api.graphql.scopes import RequiresScope
from api.issuance.authority import RevocationReason as WireReason
from api.issuance.order import ChallengeType as WireChallengeType
from api.models import AgentId, CertificateId, OrderId
from api.work import Work

_ORDER = [RequiresScope(scope="certificates:order")]
_REVOKE = [RequiresScope(scope="certificates:revoke")]
_KEY = "A word of your own for this very request: sent again it makes nothing new; with other input it is refused."


@strawberry.enum(description="Why a certificate is revoked; the reasons the authority takes (RFC 5280, 5.3.1).")
class RevocationReason(Enum):
    """Reasons; the values are what is stored."""

    UNSPECIFIED = strawberry.enum_value("UNSPECIFIED", description="No reason is given.")
    KEY_COMPROMISE = strawberry.enum_value("KEY_COMPROMISE", description="Somebody else may have the private key.")
    SUPERSEDED = strawberry.enum_value("SUPERSEDED", description="Another certificate took its place.")
    CESSATION_OF_OPERATION = strawberry.enum_value("CESSATION_OF_OPERATION", description="The name is given up.")


@strawberry.input(description="An order. The names come from the CSR; each must be one of your domains.")
class OrderCertificateInput:
    """Order to place."""

    csr: str = strawberry.field(description="A certificate signing request (RFC 2986), PEM. Never a private key.")
    challenge_type: ChallengeType = strawberry.field(description="How the names are proved.")
    ct_acknowledged: bool = strawberry.field(
        description="That you were shown `orderNotices.certificateTransparency`: the names become public (4.1-d)."
    )
    idempotency_key: str = strawberry.field(description=_KEY)
    ct_notice_version: str | None = strawberry.field(default=None, description="Which version you were shown.")
    ca_notice_acknowledged: bool | None = strawberry.field(
        default=None, description="That you were shown `orderNotices.certificateAuthority`; once per version (4.1-c)."
    )
    ca_notice_version: str | None = strawberry.field(
        default=None, description="Which version of the authority's notice you were shown."
    )
    agent_id: strawberry.ID | None = strawberry.field(default=None, description="The agent that will install it.")


@strawberry.input(description="Which order's challenges are in place.")
class ConfirmChallengesInput:
    """Order to go on with."""

    order_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="Which certificate is revoked, and why.")
class RevokeCertificateInput:
    """Certificate to revoke."""

    certificate_id: strawberry.ID = strawberry.field(description="Its id.")
    reason: RevocationReason = strawberry.field(description="Why.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="The order after the change.")
class OrderPayload:
    """Order, or errors."""

    order: Order | None = strawberry.field(default=None, description="The order.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="The certificate after the change.")
class CertificatePayload:
    """Certificate, or errors."""

    certificate: Certificate | None = strawberry.field(default=None, description="The certificate.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class CertificateMutations:
    """Mutations of orders and certificates."""

    @strawberry.mutation(description="Order a certificate for the names in a CSR.", directives=_ORDER)
    async def order_certificate(self, info: Info, input: OrderCertificateInput) -> OrderPayload | None:  # noqa: A002
        """Place an order."""

        async def act(work: Work) -> OrderPayload:
            agent = AgentId(required_id(input.agent_id, "Agent", "agentId")) if input.agent_id else None
            asked = CertificateOrder(
                csr=input.csr,
                challenge_type=WireChallengeType[input.challenge_type.name],
                ct_acknowledged=input.ct_acknowledged,
                idempotency_key=input.idempotency_key,
                ct_notice_version=input.ct_notice_version,
                ca_notice_acknowledged=bool(input.ca_notice_acknowledged),
                ca_notice_version=input.ca_notice_version,
                agent_id=agent,
            )
            row = await order_certificate(work, asked, info.context.services.certificates.rules)
            return OrderPayload(order=Order(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, OrderPayload, act)

    @strawberry.mutation(description="Say that the challenges are in place; validation begins.", directives=_ORDER)
    async def confirm_challenges(self, info: Info, input: ConfirmChallengesInput) -> OrderPayload | None:  # noqa: A002
        """Go on with an order."""

        async def act(work: Work) -> OrderPayload:
            row = await confirm_challenges(work, OrderId(required_id(input.order_id, "Order", "orderId")))
            return OrderPayload(order=Order(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, OrderPayload, act)

    @strawberry.mutation(description="Revoke a certificate at its authority.", directives=_REVOKE)
    async def revoke_certificate(self, info: Info, input: RevokeCertificateInput) -> CertificatePayload | None:  # noqa: A002
        """Revoke a certificate."""
        context = info.context

        async def act() -> CertificatePayload:
            certificate_id = CertificateId(required_id(input.certificate_id, "Certificate", "certificateId"))
            revoker = context.services.certificates.revoker
            reason = WireReason[input.reason.name]
            row = await revoker.revoke(context.viewer, certificate_id, reason, input.idempotency_key)
            about = (context.viewer.holder.pseudonym,) if context.viewer.holder else ()
            return CertificatePayload(certificate=Certificate(row=row, about=about), errors=[])

        return await outside(CertificatePayload, act)
