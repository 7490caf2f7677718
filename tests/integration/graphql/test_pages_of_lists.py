"""Pages of lists: any size and any cursor that we made is answered with data; any other cursor is refused as input."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.platform import Site
from tests.support.tenants import Tenant

FIELDS = ("sessions", "apiTokens", "securityEvents", "domains", "orders", "certificates", "agents")
PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor }"


def document(field: str) -> str:
    return f"query($first: Int!, $after: Cursor) {{ me {{ {field}(first: $first, after: $after) {{ {PAGE} }} }} }}"


async def page(shop: Site, alice: Tenant, field: str, first: int, after: str | None = None) -> Any:
    answer = await shop.ask(document(field), {"first": first, "after": after}, by=alice.browser)
    assert "errors" not in answer
    return answer["data"]["me"][field]


@pytest.mark.parametrize("field", FIELDS)
async def test_a_size_out_of_bounds_is_brought_into_them(shop: Site, alice: Tenant, field: str) -> None:
    whole = await page(shop, alice, field, 100)
    assert await page(shop, alice, field, 2**31 - 1) == whole
    for first in (0, -1, -(2**31)):
        empty = await page(shop, alice, field, first)
        assert (empty["edges"], empty["totalCount"]) == ([], whole["totalCount"])
        assert empty["pageInfo"]["hasNextPage"] is bool(whole["edges"])


async def test_pages_follow_each_other_by_cursor(shop: Site, alice: Tenant) -> None:
    for name in ("one", "two"):
        added = f'mutation {{ addDomain(input: {{name: "{name}.canarypages.example.org"}}) {{ errors {{ code }} }} }}'
        await shop.ask(added, by=alice.browser)
    whole = await page(shop, alice, "domains", 100)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    assert len(cursors) > 2
    after, seen = None, []
    while after != cursors[-1]:
        part = await page(shop, alice, "domains", 1, after)
        after = part["pageInfo"]["endCursor"]
        seen.append(after)
        assert part["pageInfo"]["hasNextPage"] is (after != cursors[-1])
    assert seen == cursors


@pytest.mark.parametrize("text", ["", "x", "AAAA", "_" * 22 + "="])
async def test_a_cursor_that_is_not_ours_is_refused_before_anything_is_read(
    shop: Site, alice: Tenant, text: str
) -> None:
    sent = [
        shop.ask(document("domains"), {"first": 1, "after": text}, by=alice.browser),
        shop.ask(f'{{ me {{ domains(first: 1, after: "{text}") {{ totalCount }} }} }}', by=alice.browser),
    ]
    for answer, code in zip([await one for one in sent], ("VARIABLES_INVALID", "DOCUMENT_INVALID"), strict=True):
        assert "data" not in answer
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == code
        assert "`Cursor`" in error["message"]


@pytest.mark.parametrize(
    "document",
    [
        "query($x: Int = 2) { me { domains(first: $x) { totalCount } } }",
        "query($x: Boolean = true) { me { id email @skip(if: $x) } }",
        "query($x: Boolean = false) { me { id @include(if: $x) } }",
        "query($x: Boolean = true) { me { id ... @include(if: $x) { email } } }",
    ],
)
async def test_a_null_where_none_may_be_is_refused_though_the_variable_may_be_null(
    shop: Site, alice: Tenant, document: str
) -> None:
    answer = await shop.ask(document, {"x": None}, by=alice.browser)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["VARIABLES_INVALID"]
    assert (await shop.ask(document, by=alice.browser)).get("errors") is None
