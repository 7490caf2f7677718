"""The arguments of a selected field, read anew for each request from its coerced variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLNonNull, Undefined, ValueNode, VariableNode, Visitor, coerce_input_literal, visit
from graphql.execution.values import VariableValues
from graphql.utilities.coerce_input_value import coerce_default_value

from api.execution.selection import Field

Coerced = Mapping[str, Any]
Read = Callable[[Coerced], Any]


class NotCompiled(Exception):
    """The operation, or this request of it, is left to the resolvers; `reason` is a word or a schema coordinate."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def argument_reader(field: Field, name: str) -> Read:
    """Return what reads one argument: a constant, a variable, or a literal with variables inside.

    A null where none may stand raises `NotCompiled`: the resolvers say what is wrong with it.
    """
    argument = field.definition.args[name]
    default = coerce_default_value(argument)
    default = None if default is Undefined else default
    given = next((one.value for one in field.nodes[0].arguments or () if one.name.value == name), None)
    if given is None:
        return lambda _coerced: default
    if isinstance(given, VariableNode):
        variable = given.name.value
        if isinstance(argument.type, GraphQLNonNull):
            return lambda coerced: _present(coerced.get(variable, default))
        return lambda coerced: coerced.get(variable, default)
    if _has_variables(given):
        return lambda coerced: _known(
            coerce_input_literal(given, argument.type, VariableValues({}, dict(coerced)), None)
        )
    constant = coerce_input_literal(given, argument.type)
    return lambda _coerced: constant


def _present(value: Any) -> Any:
    if value is None:
        raise NotCompiled("null for an argument")
    return value


def _known(value: Any) -> Any:
    if value is Undefined:
        raise NotCompiled("invalid argument")
    return value


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: object) -> None:
        self.found = True


def _has_variables(node: ValueNode) -> bool:
    collector = _Variables()
    visit(node, collector)
    return collector.found
