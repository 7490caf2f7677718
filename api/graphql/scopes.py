"""Scopes in the schema: what a caller must hold, printed where it applies and enforced from the same place.

On a field it guards the field; on a type it guards every field of the type that names none of its own, except `id`.
"""

from collections.abc import Iterator
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType
from strawberry.schema_directive import Location

_FREE: Final = frozenset({"id"})
_INTROSPECTION: Final = "schema:read"


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="requiresScope",
    description="The scope that a session or API token must hold to use the field, or the fields of the type.",
)
class RequiresScope:
    """Guards a field or the fields of a type."""

    scope: str


def scopes_by_coordinate(schema: strawberry.Schema) -> dict[str, str]:
    """Return the scope each coordinate needs; introspection needs one too."""
    found = {f"Query.{name}": _INTROSPECTION for name in ("__schema", "__type")}
    for type_name, kind in schema._schema.type_map.items():  # noqa: SLF001 - Strawberry names no other way
        if not isinstance(kind, GraphQLObjectType) or type_name.startswith("__"):
            continue
        of_type = next(_scopes(kind), None)
        for name, field in kind.fields.items():
            scope = next(_scopes(field), None if name in _FREE else of_type)
            if scope is not None:
                found[f"{type_name}.{name}"] = scope
    return found


def _scopes(item: Any) -> Iterator[str]:
    definition = item.extensions.get("strawberry-definition")
    for directive in getattr(definition, "directives", None) or ():
        if isinstance(directive, RequiresScope):
            yield directive.scope
