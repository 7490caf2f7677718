"""Root fields that may stand once in an operation, printed where it applies and enforced from the same place.

Whatever checks a password, sends a mail or hands out a credential is tried once per request, so that limits on requests
are limits on tries.
"""

from typing import Final

import strawberry
from graphql import GraphQLObjectType
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="oncePerOperation",
    description="The field may stand once in an operation; under several names the whole operation is refused.",
)
class OncePerOperation:
    """Marks a root field."""


ONCE: Final = OncePerOperation()


def once_by_coordinate(schema: strawberry.Schema) -> frozenset[str]:
    """Return the coordinates of the marked fields."""
    roots = (schema._schema.query_type, schema._schema.mutation_type)  # noqa: SLF001 - Strawberry names no other way
    return frozenset(
        f"{kind.name}.{name}"
        for kind in roots
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if ONCE in (getattr(field.extensions.get("strawberry-definition"), "directives", None) or ())
    )
