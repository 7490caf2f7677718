"""What the schema cannot say of its own cost: how long its lists usually are, and which root fields are dear.

The rule: a length here is a forecast, not a bound. Who has longer lists pays for them after the answer, so a forecast
may be that of an ordinary account, and an order of a hundred names does not make everybody's page too dear.
"""

from typing import Final

import strawberry
from graphql import GraphQLObjectType

from api.execution.cost import Prices

HASHES_A_PASSWORD: Final = 100
ASKS_THE_AUTHORITY: Final = 50
MAILS_OF_ACCESS: Final = 50
"""A mail to somebody, and for an invitation to a stranger: dear, so that nobody sends many by one account."""
_LIST_SIZES: Final = {
    "AuditEvent.rows": 10,
    "Authorization.challenges": 3,
    "CaProblem.subproblems": 5,
    "Certificate.domains": 3,
    "Certificate.installations": 10,
    "Explanation.personalData": 20,
    "Order.authorizations": 20,
    "Order.disclosures": 10,
    "OrderNotices.warnings": 100,
}
_EXTRA: Final = {
    "Mutation.acceptAccessGrant": MAILS_OF_ACCESS,
    "Mutation.changePassword": 2 * HASHES_A_PASSWORD,
    "Mutation.grantPartnerAccess": MAILS_OF_ACCESS,
    "Mutation.grantTeammateAccess": MAILS_OF_ACCESS,
    "Mutation.orderCertificate": ASKS_THE_AUTHORITY,
    "Mutation.requestEmailChange": HASHES_A_PASSWORD,
    "Mutation.resetPassword": HASHES_A_PASSWORD,
    "Mutation.revokeCertificate": ASKS_THE_AUTHORITY,
    "Mutation.signIn": HASHES_A_PASSWORD,
    "Mutation.signUp": HASHES_A_PASSWORD,
    "Mutation.staffSignIn": HASHES_A_PASSWORD,
}


def prices(schema: strawberry.Schema) -> Prices:
    """Return the prices of our schema. A payload's `errors` count as one, which is what a refusal holds."""
    types = schema._schema.type_map.values()  # noqa: SLF001 - Strawberry names no other way
    payloads = [kind.name for kind in types if isinstance(kind, GraphQLObjectType) and "errors" in kind.fields]
    return Prices({f"{name}.errors": 1 for name in payloads} | _LIST_SIZES, _EXTRA)
