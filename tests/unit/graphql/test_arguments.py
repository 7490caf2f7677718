"""Whatever an argument lets somebody find out needs the category of what it tells."""

from __future__ import annotations

from typing import Final

from graphql import GraphQLObjectType

from api.graphql.schema import schema_map

MAP: Final = schema_map()
PLAIN: Final = frozenset({"first", "after", "id", "orderId", "certificateId"})
"""Pages, and ids: they choose rows by nothing that is tagged."""
LOOKED_AT: Final = {
    "Query.auditEvents(filter:)": "only officers and auditors, and by nothing but what an event shows them",
    "Query.orderNotices(names:)": "tells what the names look like; nothing is looked up by them",
    "Query.explain(operationName:)": "runs nothing",
    "Query.explain(document:)": "runs nothing",
    "Query.explain(variables:)": "runs nothing",
}


def arguments() -> set[str]:
    """Return the coordinates of all arguments of what reads, but pages and ids."""
    changes = MAP.schema.mutation_type
    kinds = [kind for kind in MAP.schema.type_map.values() if isinstance(kind, GraphQLObjectType)]
    return {
        f"{kind.name}.{name}({argument}:)"
        for kind in kinds
        if kind is not changes and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        for argument in field.args
        if argument not in PLAIN
    }


def test_every_argument_says_what_it_tells_or_was_looked_at() -> None:
    assert arguments() == MAP.told_by_arguments.keys() | LOOKED_AT.keys()


def test_what_an_argument_tells_is_tagged() -> None:
    told = {coordinate for coordinates in MAP.told_by_arguments.values() for coordinate in coordinates}
    assert told <= MAP.personal.keys()
