"""What an operation is, told before it runs: by the field `explain`, and by the request's `extensions.explain`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.support.platform import Site
from tests.support.tenants import Tenant, tenant

EXPLAIN = """
query($document: String!, $variables: JSON) {
  explain(document: $document, variables: $variables) {
    explanation {
      operation documentHash cost plan resolved scopes categories purposes missing
      personalData { path coordinate category purposes retention masked }
    }
    errors { code message }
  }
}
"""
ASKED = "query($n: Int!) { me { address: email domains(first: $n) { edges { node { name } } } } }"


async def explained(shop: Site, document: str, by: Any, **variables: Any) -> dict[str, Any]:
    answer = await shop.ask(EXPLAIN, {"document": document, "variables": variables}, by=by)
    assert answer["data"]["explain"]["errors"] == []
    found: dict[str, Any] = answer["data"]["explain"]["explanation"]
    return found


async def test_a_document_is_explained(shop: Site, alice: Tenant) -> None:
    found = await explained(shop, ASKED, alice.browser, n=20)
    assert found["plan"] == "compiled"
    assert found["operation"] == "me"
    assert found["cost"] == 21
    assert found["scopes"] == ["account:read", "domains:read"]
    assert found["categories"] == ["user.contact.email", "user.contact.url"]
    assert found["missing"] == []
    assert [(one["path"], one["coordinate"]) for one in found["personalData"]] == [
        ("me.address", "Account.email"),
        ("me.domains.edges.node.name", "Domain.name"),
    ]
    assert found["personalData"][0]["purposes"] == ["ACCOUNT", "SECURITY", "SERVICE_MAIL"]


async def test_what_is_lacking_is_named_and_nothing_is_refused(shop: Site) -> None:
    holder = await tenant(shop, "canaryexplain", scopes=["schema:read"], categories=["user.contact.url"])
    found = await explained(shop, ASKED, holder.api_token, n=1)
    assert found["missing"] == ["account:read", "data:user.contact.email", "domains:read"]


async def test_explaining_reads_and_records_nothing(shop: Site, alice: Tenant) -> None:
    counted = text("select count(*) from audit_event")
    async with shop.core.sessions.read() as session:
        before = (await session.execute(counted)).scalar_one()
    await explained(shop, ASKED, alice.browser, n=1)
    body = {"query": ASKED, "variables": {"n": 5}, "extensions": {"explain": True}}
    response = await shop.post(body, alice.browser.headers())
    answer = response.json()
    assert answer["data"] is None
    assert "errors" not in answer
    assert answer["extensions"]["explain"]["cost"] == 6
    assert answer["extensions"]["cost"]["actual"] == 10
    async with shop.core.sessions.read() as session:
        assert (await session.execute(counted)).scalar_one() == before


async def test_a_bad_document_is_told_as_data(shop: Site, alice: Tenant) -> None:
    for document, code in (("{ mee }", "DOCUMENT_INVALID"), ("{", "DOCUMENT_INVALID"), (ASKED, "VARIABLES_INVALID")):
        answer = await shop.ask(EXPLAIN, {"document": document}, by=alice.browser)
        assert answer["data"]["explain"]["explanation"] is None
        assert [one["code"] for one in answer["data"]["explain"]["errors"]] == [code]


async def test_a_mutation_and_what_is_resolved_are_named(shop: Site, alice: Tenant) -> None:
    change = 'mutation { addDomain(input: {name: "x.org"}) { domain { id name } errors { code } } }'
    assert (await explained(shop, change, alice.browser))["plan"] == "mixed"
    mixed = await explained(shop, "{ me { id } orderNotices(names: []) { warnings { name } } }", alice.browser)
    assert (mixed["plan"], mixed["resolved"]) == ("mixed", ["orderNotices"])


async def test_strangers_are_not_told(shop: Site) -> None:
    body = {"query": "{ me { email } }", "extensions": {"explain": True}}
    answer = (await shop.post(body)).json()
    assert answer["errors"][0]["extensions"]["missing"] == ["schema:read"]


async def test_variables_that_are_no_object_are_refused_as_those_of_a_request_are(shop: Site, alice: Tenant) -> None:
    for variables in ("x", 5, True, ["x"]):
        answer = await shop.ask(EXPLAIN, {"document": "{ me { id } }", "variables": variables}, by=alice.browser)
        assert answer["data"]["explain"]["explanation"] is None
        assert [one["code"] for one in answer["data"]["explain"]["errors"]] == ["INVALID_INPUT"]
