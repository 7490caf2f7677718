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
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    coerce_input_value,
    get_variable_values,
    specified_scalar_types,
    type_from_ast,
)

_LARGEST: Final = 2**31 - 1
_Take = Callable[[Any], Any]
"""Returns the coerced value, or `Undefined` for one that the library must judge."""
_PLAIN: Final[dict[str, Callable[[Any], bool]]] = {
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
        for name, take, required in self._plain or ():
            value = variables.get(name, _MISSING)
            if value is _MISSING or value is None:
                if required:
                    return None
                if value is None:
                    coerced[name] = None
                continue
            taken = take(value)
            if taken is Undefined:
                return None
            coerced[name] = taken
        return coerced


def _plain(schema: GraphQLSchema, operation: OperationDefinitionNode) -> tuple[tuple[str, _Take, bool], ...] | None:
    """Return the declarations if all of them are scalars without defaults, and how each is taken."""
    found = []
    for node in operation.variable_definitions or ():
        kind = type_from_ast(schema, node.type)
        required = isinstance(kind, GraphQLNonNull)
        bare: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if not isinstance(bare, GraphQLScalarType) or node.default_value is not None:
            return None
        found.append((node.variable.name.value, _taking(bare), required))
    return tuple(found)


def _taking(kind: GraphQLScalarType) -> _Take:
    fits = _PLAIN.get(kind.name) if kind.name in specified_scalar_types else None
    if fits is None:
        return lambda value: coerce_input_value(value, kind)
    return lambda value: value if fits(value) else Undefined
