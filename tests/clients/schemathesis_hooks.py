"""What Schemathesis has to be told of this schema: how values of its scalars look. Loaded by Schemathesis itself."""

from __future__ import annotations

import os

import schemathesis
from graphql import parse_value
from hypothesis import strategies as st
from hypothesis_graphql import nodes

MOMENTS = (
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999+00:00",
    "2026-06-01T12:00:00+02:00",
)

schemathesis.graphql.scalar("Cursor", st.sampled_from(os.environ["CURSORS"].split()).map(nodes.String))
OBJECTS = ("{}", "{first: 1}", '{id: "x", names: ["a", null], first: -1.5}')

schemathesis.graphql.scalar("JSON", st.sampled_from(OBJECTS).map(parse_value))
schemathesis.graphql.scalar("DateTime", st.sampled_from(MOMENTS).map(nodes.String))
