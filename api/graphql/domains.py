"""Domains and the proofs of control over them."""

from datetime import datetime

import strawberry

from api.graphql.personal import personal
from api.graphql.scopes import RequiresScope
from api.models import DomainValidationRow
from governance.ids import Pseudonym


@strawberry.type(
    description="A proof of control that a certificate authority accepted.",
    directives=[RequiresScope(scope="domains:read")],
)
class DomainValidation:
    """Who validated a name, how, and until when."""

    row: strawberry.Private[DomainValidationRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    authority: str = personal.field(DomainValidationRow.authority, description="Which authority accepted it.")
    method: str = personal.field(DomainValidationRow.method, description="The challenge type, such as `http-01`.")
    validated_at: datetime = personal.field(DomainValidationRow.validated_at, description="When it was accepted.")
    valid_until: datetime | None = personal.field(
        DomainValidationRow.valid_until, description="Until when the authority may reuse it."
    )
