"""Roots are nullable: what fails takes itself along, never the rest of the answer."""

from __future__ import annotations

import pytest
from graphql import is_nullable_type

from api.graphql.schema import schema_map

ROOTS = [
    (kind.name, name, field.type)
    for kind in (schema_map().schema.query_type, schema_map().schema.mutation_type)
    if kind is not None
    for name, field in kind.fields.items()
]


@pytest.mark.parametrize(("kind", "name", "type_"), ROOTS, ids=[f"{kind}.{name}" for kind, name, _ in ROOTS])
def test_a_root_field_may_be_null(kind: str, name: str, type_: object) -> None:
    assert is_nullable_type(type_), f"{kind}.{name}"
