"""Tokens for some data categories: what they may not show is refused, or null with an error, and never recorded."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.support.platform import Site
from tests.support.tenants import Tenant, tenant

MAKE = """mutation($scopes: [String!]!, $missing: MissingCategory! = REFUSE) {
  createApiToken(input: {name: "narrow", scopes: $scopes, onMissingCategory: $missing}) {
    apiToken { scopes categories onMissingCategory } secret
    errors { code message field ... on InvalidInput { rule } ... on AccessDenied { missing } } } }"""
NAMES = "{ me { displayName country domains(first: 5) { edges { node { id name } } } } }"
ALL = ["account:read", "domains:read", "certificates:read"]


async def made(shop: Site, by: Tenant, *scopes: str, missing: str = "REFUSE") -> dict[str, Any]:
    answer = await shop.ask(MAKE, {"scopes": scopes, "missing": missing}, by=by.browser)
    found: dict[str, Any] = answer["data"]["createApiToken"]
    return found


async def newest_event(shop: Site) -> str:
    async with shop.core.sessions.read() as session:
        statement = text("select header::text from audit_event order by at desc, id desc limit 1")
        return str((await session.execute(statement)).scalar_one())


async def test_a_token_says_what_it_may_show(shop: Site, alice: Tenant) -> None:
    limited = await made(shop, alice, "account:read", "data:user.contact", missing="NULL")
    assert limited["errors"] == []
    assert limited["apiToken"] == {
        "scopes": ["account:read"],
        "categories": ["user.contact"],
        "onMissingCategory": "NULL",
    }
    unlimited = await made(shop, alice, "account:read")
    assert unlimited["apiToken"] == {
        "scopes": ["account:read"],
        "categories": ["user"],
        "onMissingCategory": "REFUSE",
    }
    listed = await shop.ask(
        "{ me { apiTokens(first: 2) { edges { node { categories onMissingCategory } } } } }", by=alice.browser
    )
    assert [edge["node"] for edge in listed["data"]["me"]["apiTokens"]["edges"]] == [
        {"categories": ["user"], "onMissingCategory": "REFUSE"},
        {"categories": ["user.contact"], "onMissingCategory": "NULL"},
    ]


async def test_an_unknown_category_is_refused_with_those_there_are(shop: Site, alice: Tenant) -> None:
    answer = await made(shop, alice, "account:read", "data:user.shoe_size")
    (error,) = answer["errors"]
    assert (answer["apiToken"], answer["secret"]) == (None, None)
    assert (error["code"], error["rule"], error["field"]) == ("SCOPE_REFUSED", "unknown-category", ["scopes"])
    assert "data:user.contact.email" in error["message"]


async def test_a_token_makes_none_that_shows_more(shop: Site) -> None:
    holder = await tenant(shop, "canarymaker", categories=["user.contact"])
    for wanted in ("data:user", "data:user.name"):
        answer = await shop.ask(MAKE, {"scopes": ["account:read", wanted]}, by=holder.api_token)
        (error,) = answer["errors"]  # the payload shows the token: `user.authorization.credentials` is not held either
        assert error["extensions"]["missing"] == ["data:user.authorization.credentials"]
        bare = 'mutation($s: [String!]!) { createApiToken(input: {name: "x", scopes: $s}) { secret errors { code } } }'
        answer = await shop.ask(bare, {"s": ["account:read", wanted]}, by=holder.api_token)
        assert answer["data"]["createApiToken"] == {"secret": None, "errors": [{"code": "ACCESS_DENIED"}]}


async def test_prefixes_cover_what_is_below_and_nothing_beside(shop: Site, alice: Tenant) -> None:
    token = (await made(shop, alice, *ALL, "data:user.contact"))["secret"]
    shown = await shop.ask("{ me { email companyName country domains(first: 1) { totalCount } } }", by=token)
    assert "errors" not in shown
    refused = await shop.ask("{ me { email displayName createdAt } }", by=token)
    assert refused["errors"][0]["extensions"]["missing"] == ["data:user.account", "data:user.name"]
    assert "data" not in refused


async def test_a_gap_is_null_with_an_error_at_its_path(shop: Site, alice: Tenant) -> None:
    token = (await made(shop, alice, *ALL, "data:user.contact.address", missing="NULL"))["secret"]
    question = {"query": "{ me { id displayName companyName country } }"}
    answer = (await shop.post(question, {"authorization": f"Bearer {token}"})).json()
    me = answer["data"]["me"]
    assert (me["displayName"], me["companyName"]) == (None, None)
    assert "country" in me
    assert answer["extensions"]["plan"] == "compiled"
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["me", "displayName"], "CATEGORY_NOT_GRANTED"),
        (["me", "companyName"], "CATEGORY_NOT_GRANTED"),
    ]
    first = answer["errors"][0]
    assert first["extensions"]["missing"] == ["data:user.name"]
    assert first["locations"] == [{"line": 1, "column": 11}]
    assert first["extensions"]["requestId"]
    assert alice.canary not in str(answer)


async def test_a_gap_where_null_may_not_stand_takes_its_parent(shop: Site, alice: Tenant) -> None:
    """GraphQL specification, 6.4.4: the nearest field that may be null."""
    token = (await made(shop, alice, *ALL, "data:user.name", missing="NULL"))["secret"]
    answer = await shop.ask(NAMES, by=token)
    assert answer["data"] == {"me": None}
    paths = [tuple(error["path"]) for error in answer["errors"]]
    assert ("me", "domains", "edges", 0, "node", "name") in paths
    order = "query($id: ID!) { node(id: $id) { id ... on Order { problem { detail } certificate { id names } } } }"
    answer = await shop.ask(order, {"id": alice.ids["Order"]}, by=token)
    assert answer["data"] == {"node": {"id": alice.ids["Order"], "problem": None, "certificate": None}}
    assert {tuple(error["path"]) for error in answer["errors"]} == {
        ("node", "problem"),
        ("node", "certificate", "names"),
    }
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"CATEGORY_NOT_GRANTED"}
    assert not alice.shows_in(str(answer))


async def test_the_record_names_only_what_was_shown(shop: Site, alice: Tenant) -> None:
    token = (await made(shop, alice, *ALL, "data:user.name", missing="NULL"))["secret"]
    await shop.ask("{ me { displayName companyName country } }", by=token)
    event = await newest_event(shop)
    assert '"coordinates":["Account.displayName"]' in event
    assert '"categories":["user.name"]' in event
    assert '"purposes":["account"]' in event
    before = await shop.everything()
    answer = await shop.ask("{ me { companyName country } }", by=token)
    assert len(answer["errors"]) == 2
    assert answer["data"] == {"me": {"companyName": None, "country": None}}
    after = await shop.everything()
    assert {name for name in after if name.startswith("audit_") and after[name] != before[name]} == set()


async def test_a_lacking_scope_is_refused_in_either_mode(shop: Site, alice: Tenant) -> None:
    token = (await made(shop, alice, "domains:read", "data:user.name", missing="NULL"))["secret"]
    answer = await shop.ask("{ me { displayName } }", by=token)
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["missing"]) == ("ACCESS_DENIED", ["account:read"])
    assert "data" not in answer


async def test_a_change_is_made_and_its_payload_has_gaps(shop: Site) -> None:
    holder = await tenant(shop, "canarygaps", categories=["user.account"], on_missing_category="null")
    document = """mutation { updateSettings(input: {companyName: "Gap Ltd"}) {
      account { id companyName plan } errors { code } } }"""
    answer = await shop.ask(document, by=holder.api_token)
    changed = answer["data"]["updateSettings"]
    assert changed == {"account": {"id": holder.ids["Account"], "companyName": None, "plan": "free"}, "errors": []}
    assert [error["path"] for error in answer["errors"]] == [["updateSettings", "account", "companyName"]]
    shown = await shop.ask("{ me { companyName } }", by=holder.browser)
    assert shown["data"]["me"]["companyName"] == "Gap Ltd"


@pytest.mark.parametrize("document", ["{ me { id } }", "{ me { id domains(first: 1) { totalCount } } }"])
async def test_a_token_for_no_data_still_counts_and_identifies(shop: Site, alice: Tenant, document: str) -> None:
    token = (await made(shop, alice, *ALL, "data:none"))["secret"]
    assert "errors" not in await shop.ask(document, by=token)
    refused = await shop.ask("{ me { domains(first: 1) { edges { node { name } } } } }", by=token)
    assert refused["errors"][0]["extensions"]["missing"] == ["data:user.contact.url"]


@pytest.mark.parametrize("missing", ["REFUSE", "NULL"])
async def test_a_filter_by_data_that_the_token_may_not_show_is_refused(shop: Site, alice: Tenant, missing: str) -> None:
    """Else the answers to a few questions tell the moment to the second, and whether a certificate was revoked."""
    narrow = (await made(shop, alice, "account:read", "certificates:read", "data:none", missing=missing))["secret"]
    asked = "query($d: DateTime) { me { certificates(first: 1, expiringBefore: $d) { totalCount } } }"
    answer = await shop.ask(asked, {"d": "2999-01-01T00:00:00Z"}, by=narrow)
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["missing"]) == ("ACCESS_DENIED", ["data:user.account"])
    wide = (await made(shop, alice, "account:read", "certificates:read", missing=missing))["secret"]
    assert (await shop.ask(asked, {"d": "2999-01-01T00:00:00Z"}, by=wide)).get("errors") is None


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        ("{ me { email domains(first: 3) { edges { node { name } } } } }", False),
        ("{ a: me { email domains(first: 1) { edges { node { name } } } } b: me { id } }", False),
        ("{ a: me { email } b: me { domains(first: 1) { edges { node { name } } } } }", True),
    ],
)
async def test_what_a_gap_takes_with_it_is_not_recorded(shop: Site, alice: Tenant, asked: str, recorded: bool) -> None:
    token = (await made(shop, alice, *ALL, "data:user.contact.url", missing="NULL"))["secret"]
    before = await newest_event(shop)
    answer = await shop.ask(asked, by=token)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["CATEGORY_NOT_GRANTED"]
    assert None in answer["data"].values()
    event = await newest_event(shop)
    if recorded:
        assert "Domain.name" in event
        assert "Account.email" not in event
    else:
        assert event == before
