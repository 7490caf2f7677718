"""The quick way to coerce variables says what the library says, value for value, or leaves it to the library."""

from __future__ import annotations

from typing import Any

from graphql import OperationDefinitionNode, build_schema, get_variable_values, parse
from hypothesis import given
from hypothesis import strategies as st

from api.execution.variables import Coercion
from api.graphql.schema import schema

REAL = schema._schema
PLAIN = build_schema("type Query { x(a: Int, b: String, c: ID, d: Boolean): Int }")
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**33), 2**33),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-02-30", "0001-01-01T00:00:00+14:00", "AaIb7GE8dAyTLk6JG0", "7"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
DECLARED = {
    "plain": (PLAIN, "query($a: Int, $b: String!, $c: ID!, $d: Boolean) { x }"),
    "scalars of ours": (REAL, "query($a: DateTime, $b: DateTime!, $c: Cursor, $d: JSON) { __typename }"),
}


@given(st.sampled_from(sorted(DECLARED)), st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), VALUES))
def test_both_ways_agree(which: str, variables: dict[str, Any]) -> None:
    declared, text = DECLARED[which]
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    theirs = get_variable_values(declared, operation.variable_definitions or (), variables)
    ours = Coercion(declared, operation)(variables)
    if isinstance(theirs, list):
        assert isinstance(ours, list)
        assert [one.message for one in ours] == [one.message for one in theirs]
    else:
        assert ours == theirs.coerced
