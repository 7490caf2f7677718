"""Subscriptions in the schema, and which mutations only an ordinary answer can carry."""

from __future__ import annotations

import ast

from graphql import GraphQLNonNull

from api.graphql.cookies import SETS_COOKIES
from api.graphql.schema import schema
from tests.unit.house.sources import ROOT

SETTERS = {"set_session", "end_session", "_signed_in"}


def test_the_roots_of_subscriptions_are_nullable() -> None:
    kind = schema._schema.subscription_type
    assert kind is not None
    assert [name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)] == []
    assert all(field.subscribe is not None for field in kind.fields.values())


def test_the_mutations_that_set_cookies_are_listed() -> None:
    """Each method of a mutation class in which a function that sets cookies is named."""
    found = set()
    for path in (ROOT / "api" / "graphql").glob("*_mutations.py"):
        for kind in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(kind, ast.ClassDef):
                found |= {method.name for method in kind.body if _sets_cookies(method)}
    named = {word.partition("_")[0] + word.partition("_")[2].title().replace("_", "") for word in found}
    assert named == SETS_COOKIES


def _sets_cookies(method: ast.stmt) -> bool:
    return isinstance(method, ast.AsyncFunctionDef) and any(
        isinstance(node, ast.Name) and node.id in SETTERS for node in ast.walk(method)
    )
