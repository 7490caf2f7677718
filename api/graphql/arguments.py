"""Arguments that recur, with their descriptions."""

from typing import Annotated

import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from api.graphql.cursors import Cursor

First = Annotated[
    int, strawberry.argument(description="How many at most, 0 to 100; more counts as 100, a negative number as 0.")
]
After = Annotated[Cursor | None, strawberry.argument(description="The `endCursor` of the page before; null to begin.")]
NodeId = Annotated[strawberry.ID, strawberry.argument(description="The object's opaque id.")]


def describe_inputs(schema: strawberry.Schema) -> None:
    """Describe each `input` argument as the input object it takes is described: there is nothing else to say."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001 - Strawberry names no other way
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for argument in (one for field in kind.fields.values() for one in field.args.values()):
            named = get_named_type(argument.type)
            if not argument.description and isinstance(named, GraphQLInputObjectType):
                argument.description = named.description
