"""The committed schema is the contract; a change of the code shows there or fails."""

from __future__ import annotations

from api.graphql.schema import print_schema_text
from tests.unit.house.sources import ROOT


def test_the_committed_schema_is_what_the_code_serves() -> None:
    committed = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert committed == print_schema_text(), "print it anew: sslm schema print"
