"""Enumerations of API tokens, as callers see them."""

from enum import Enum

import strawberry


@strawberry.enum(description="What happens to a field whose data category an API token was not granted.")
class MissingCategory(Enum):
    """The ways; the values are what is stored."""

    REFUSE = strawberry.enum_value("refuse", description="The whole operation is refused before anything is read.")
    NULL = strawberry.enum_value(
        "null", description="The field is null, with an entry in `errors` of the code `CATEGORY_NOT_GRANTED`."
    )
