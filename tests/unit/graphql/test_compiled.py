"""What our own clients read is compiled; what is left to the resolvers stands in the documentation, all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationDefinitionNode, OperationType, get_named_type, is_leaf_type, parse

from api.development import demo_documents
from api.execution.arguments import NotCompiled
from api.execution.explain import explain
from api.execution.plan import Plan
from api.execution.plans import Plans
from api.graphql.nodes import KINDS, encode_id
from api.graphql.schema import schema, schema_map
from governance.access import Grants
from governance.clock import SystemClock
from governance.ids import new_id

ROOT = Path(__file__).parents[3]
RESOLVED = re.compile(r"^\| `([A-Z]\w+\.\w+)` \|", re.MULTILINE)
PLANS = Plans(schema_map())


def documents() -> dict[str, str]:
    """Return the documents of pages, agent, examples and demo."""
    folders = ("api/pages", "agent/sslm_agent/documents", "bench")
    found = {
        path.name: path.read_text()
        for one in folders
        for path in sorted((ROOT / one).rglob("*.graphql"))
        if "node_modules" not in path.parts
    }
    demo = {name: text for name, text in vars(demo_documents).items() if name.isupper() and isinstance(text, str)}
    return found | demo


def variables(node: OperationDefinitionNode) -> dict[str, Any]:
    """Return variables that fit: an order's id, a page of five."""
    some = {"ID": str(encode_id("Order", new_id(SystemClock()))), "Int": 5, "String": "x", "Boolean": True}
    given: dict[str, Any] = {}
    for one in node.variable_definitions or ():
        name = re.sub(r"[\[\]!]", "", _text(one.type))
        if name in some:
            given[one.variable.name.value] = [some[name]] if _text(one.type).startswith("[") else some[name]
    return given


def _text(kind: Any) -> str:
    if kind.kind == "non_null_type":
        return _text(kind.type) + "!"
    return f"[{_text(kind.type)}]" if kind.kind == "list_type" else str(kind.name.value)


def left_of(plan: Plan, coerced: dict[str, Any]) -> set[str]:
    """Return the coordinates of the roots that are left to the resolvers."""
    try:
        keys = plan.compiled(coerced).statement.left
    except NotCompiled:
        keys = tuple(one.key for one in plan.fields)
    return {one.coordinate for one in plan.fields if one.key in keys}


def listed() -> set[str]:
    """Return what the documentation lists as resolved."""
    return set(RESOLVED.findall((ROOT / "docs" / "plans.md").read_text()))


@pytest.mark.parametrize("name", sorted(documents()))
def test_our_own_reads_are_compiled(name: str) -> None:
    text = documents()[name]
    (node,) = (one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode))
    operation = PLANS.operation(text, None)
    given = variables(node)
    if node.operation is OperationType.QUERY:
        assert left_of(operation.plan(given), given) <= listed(), "compile it, or say in docs/plans.md why not"


@pytest.mark.parametrize("name", [name for name, text in documents().items() if "mutation" in text])
def test_what_our_own_changes_show_is_read_by_plan(name: str) -> None:
    text = documents()[name]
    plan = PLANS.operation(text, None).plan({})
    shown = {
        one.name
        for root in plan.fields
        for children in root.children.values()
        for one in children
        if one.named_type.name in KINDS and root.name not in {"removeDomain", "revokeSession"}
    }
    payloads = plan.payloads({})
    assert {one.key for one in payloads.rereads} == shown if shown and payloads else not shown


def test_the_list_of_what_is_resolved_is_exact() -> None:
    """Every root field and every field of a compiled type is compiled, or listed; what is listed is not compiled."""
    sources = schema_map().sources
    assert sources is not None
    types = {"Query", *sources.tables}
    missing = {
        f"{kind}.{name}"
        for kind in types
        for name in schema._schema.type_map[kind].fields  # type: ignore[attr-defined]
        if f"{kind}.{name}" not in sources.fields
    }
    assert missing == listed()


def test_a_value_that_is_never_null_comes_from_a_column_that_is_never_null() -> None:
    """`column_json.leaf_of` refuses the others; here the fields that compute are looked at."""
    sources = schema_map().sources
    assert sources is not None
    for coordinate, mapped in sources.fields.items():
        kind, _, name = coordinate.partition(".")
        field = schema._schema.type_map[kind].fields[name]  # type: ignore[attr-defined]
        if is_leaf_type(get_named_type(field.type)) and getattr(mapped, "nullable", False):
            assert not str(field.type).endswith("!"), coordinate


def test_the_explanation_in_the_documentation_is_what_is_told() -> None:
    text = (ROOT / "docs" / "plans.md").read_text()
    document = text.split("```graphql\n")[1].split("```")[0]
    told = json.loads(text.split("```json\n")[1].split("```")[0])
    operation = PLANS.operation(document, None)
    coerced = operation.coerce({"before": "2027-01-01T00:00:00Z"})
    assert not isinstance(coerced, list)
    grants = Grants(frozenset({"account:read", "certificates:read"}), frozenset({"user.contact"}))
    assert explain(operation.plan(coerced), coerced, grants).entry() == told
