"""Variables, coerced by the declarations of an operation: quickly where they are plain, by the library otherwise.

The rule: the quick way only accepts what the library accepts with the same result; anything else, every refusal
included, is the library's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    get_variable_values,
    specified_scalar_types,
    type_from_ast,
)

_LARGEST: Final = 2**31 - 1
_Test = Callable[[Any], bool]
_PLAIN: Final[dict[str, _Test]] = {
    "Int": lambda value: type(value) is int and -_LARGEST - 1 <= value <= _LARGEST,
    "String": lambda value: type(value) is str,
    "ID": lambda value: type(value) is str,
    "Boolean": lambda value: type(value) is bool,
}
"""Values that these types take as they are (GraphQL, section 3.5)."""
_MISSING: Final = object()


class Coercion:
    """Coerces the variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = tuple(operation.variable_definitions or ())
        self._plain = _plain(schema, operation)

    def __call__(self, variables: Mapping[str, Any]) -> Mapping[str, Any] | list[GraphQLError]:
        """Return the coerced variables, or what is wrong with them. Undeclared ones are left out."""
        if self._plain is not None:
            coerced = self._quick(variables)
            if coerced is not None:
                return coerced
        found = get_variable_values(self._schema, self._definitions, dict(variables))
        return found if isinstance(found, list) else found.coerced

    def _quick(self, variables: Mapping[str, Any]) -> Mapping[str, Any] | None:
        coerced: dict[str, Any] = {}
        for name, test, required in self._plain or ():
            value = variables.get(name, _MISSING)
            if value is _MISSING or value is None:
                if required:
                    return None
                if value is None:
                    coerced[name] = None
            elif test(value):
                coerced[name] = value
            else:
                return None
        return coerced


def _plain(schema: GraphQLSchema, operation: OperationDefinitionNode) -> tuple[tuple[str, _Test, bool], ...] | None:
    """Return the declarations if all of them are plain and without defaults."""
    found = []
    for node in operation.variable_definitions or ():
        kind = type_from_ast(schema, node.type)
        required = isinstance(kind, GraphQLNonNull)
        bare: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        name = getattr(bare, "name", "")
        if name not in _PLAIN or name not in specified_scalar_types or node.default_value is not None:
            return None
        found.append((node.variable.name.value, _PLAIN[name], required))
    return tuple(found)
