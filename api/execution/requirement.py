"""What an operation needs before it runs, read off its selection: scopes, categories, variables that are not null."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphql import GraphQLNonNull, VariableNode

from api.execution.schema_map import SchemaMap
from api.execution.selection import Field, walk
from governance.access import Requirement


def requirement_of(fields: Sequence[Field], schema_map: SchemaMap) -> Requirement:
    """Return what these fields and their arguments need.

    An argument that filters by personal data tells of it as surely as a field that shows it, so it needs its category;
    whether it is given as a variable that happens to be null is not looked at.
    """
    scopes, shown, filtered = set(), set(), set()
    for one in walk(fields):
        if one.coordinate in schema_map.scopes:
            scopes.add(schema_map.scopes[one.coordinate])
        if one.coordinate in schema_map.personal:
            shown.add(schema_map.personal[one.coordinate].category)
        for argument in one.nodes[0].arguments or ():
            told = schema_map.told_by_arguments.get(f"{one.coordinate}({argument.name.value}:)", ())
            filtered |= {schema_map.personal[coordinate].category for coordinate in told}
    return Requirement(frozenset(scopes), frozenset(shown), frozenset(filtered))


def never_null(fields: Sequence[Field]) -> frozenset[str]:
    """Return the variables that stand where null may not: validation lets them be null where there is a default.

    A request that makes one of them null is left to the resolvers, which say what is wrong with it (GraphQL, section
    6.4.1).
    """
    return frozenset(name for one in walk(fields) for name in _never_null(one))


def _never_null(field: Field) -> Iterator[str]:
    for argument in field.nodes[0].arguments or ():
        declared = field.definition.args[argument.name.value].type
        if isinstance(argument.value, VariableNode) and isinstance(declared, GraphQLNonNull):
            yield argument.value.name.value
