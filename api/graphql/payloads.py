"""The payload that many mutations share, and the descriptions of what recurs."""

from typing import Final

import strawberry

from api.graphql.errors import UserError

ERRORS: Final = "What stood in the way; empty when it was done."


@strawberry.type(description="The outcome of a mutation that returns nothing else.")
class DonePayload:
    """Errors, or none."""

    errors: list[UserError] = strawberry.field(description=ERRORS)
