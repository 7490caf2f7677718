"""Two accounts: whatever one asks with the other's ids is answered like a random id, and changes nothing."""

from __future__ import annotations

import pytest

from api.graphql.nodes import encode_id
from governance.ids import new_id
from tests.support.platform import Site
from tests.support.tenants import Tenant

NODE = """
query($id: ID!) { node(id: $id) { __typename id
  ... on Account { email displayName } ... on Domain { name validations(first: 5) { edges { node { authority } } } }
  ... on Order { names problem { detail } authorizations { name challenges { httpContent } } disclosures { names } }
  ... on Certificate { names chainPem installations { targetName } } ... on Agent { label hostName }
  ... on Session { userAgent } ... on ApiToken { name hint } } }
"""
EVERYTHING = """
{ me { id email displayName companyName notifications { expiry }
  sessions(first: 100) { totalCount edges { node { id userAgent address current } } }
  apiTokens(first: 100) { totalCount edges { node { id name hint scopes } } }
  securityEvents(first: 100) { totalCount edges { node { kind userAgent } } }
  domains(first: 100) { totalCount edges { node { id name validations(first: 5) { edges { node { authority } } }
    certificates(first: 5) { edges { node { id } } } } } }
  orders(first: 100) { totalCount edges { node { id names problem { detail subproblems { detail identifier } }
    authorizations { name challenges { httpPath httpContent } } disclosures { recipient names } certificate { id } } } }
  certificates(first: 100) { totalCount edges { node { id names serialNumber fingerprintSha256 issuerName chainPem
    installations { targetName agentId } } } }
  agents(first: 100) { totalCount edges { node { id label hostName webServer } } } } }
"""
MUTATIONS = {
    "Session": "revokeSession(input: {sessionId: $id}) { session { id } errors { code message field } }",
    "ApiToken": "revokeApiToken(input: {apiTokenId: $id}) { apiToken { id } errors { code message field } }",
    "Domain": "removeDomain(input: {domainId: $id}) { domain { id } errors { code message field } }",
    "Order": "confirmChallenges(input: {orderId: $id}) { order { id } errors { code message field } }",
    "Certificate": 'revokeCertificate(input: {certificateId: $id, reason: UNSPECIFIED, idempotencyKey: "k-4711-4711"})'
    " { certificate { id } errors { code message field } }",
    "Agent": "removeAgent(input: {agentId: $id}) { agentId errors { code message field } }",
    "Agent ": 'reportAgent(input: {agentId: $id, agentVersion: "1", operatingSystem: "x", hostName: "x", '
    "installations: []}) { agent { id } errors { code message field } }",
}
KINDS = ["Account", "Domain", "Order", "Certificate", "Agent", "Session", "ApiToken"]


def unknown(site: Site, kind: str) -> str:
    return str(encode_id(kind, new_id(site.core.clock)))


async def test_each_sees_all_of_their_own_and_nothing_of_the_other(shop: Site, alice: Tenant, bob: Tenant) -> None:
    for one, other in ((alice, bob), (bob, alice)):
        for by in (one.browser, one.api_token):
            answer = await shop.ask(EVERYTHING, by=by)
            assert "errors" not in answer
            said = str(answer)
            assert one.shows_in(said)
            assert not other.shows_in(said)
            assert [one.ids[kind] in said for kind in KINDS] == [True] * len(KINDS)
            assert [other.ids[kind] in said for kind in KINDS] == [False] * len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_node_is_found_by_its_owner_alone(shop: Site, alice: Tenant, bob: Tenant, kind: str) -> None:
    own = await shop.ask(NODE, {"id": alice.ids[kind]}, by=alice.browser)
    assert own["data"]["node"]["id"] == alice.ids[kind]
    assert own["data"]["node"]["__typename"] == kind
    for by in (alice.browser, alice.api_token, None):
        document = NODE if by else "query($id: ID!) { node(id: $id) { id } }"
        foreign = await shop.ask(document, {"id": bob.ids[kind]}, by=by)
        missing = await shop.ask(document, {"id": unknown(shop, kind)}, by=by)
        assert foreign == missing == {"data": {"node": None}}


async def test_a_cursor_of_the_other_opens_nothing(shop: Site, alice: Tenant, bob: Tenant) -> None:
    document = "query($a: Cursor) { me { domains(first: 5, after: $a) { edges { cursor node { name } } } } }"
    theirs = await shop.ask(document, by=bob.browser)
    cursor = theirs["data"]["me"]["domains"]["edges"][0]["cursor"]
    assert not bob.shows_in(str(await shop.ask(document, {"a": cursor}, by=alice.browser)))


@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_mutation_with_the_others_id_does_nothing(shop: Site, alice: Tenant, bob: Tenant, name: str) -> None:
    kind, document = name.strip(), f"mutation($id: ID!) {{ {MUTATIONS[name]} }}"
    before = await shop.everything()
    for one in KINDS:
        foreign = await shop.ask(document, {"id": bob.ids[one]}, by=alice.browser)
        missing = await shop.ask(document, {"id": unknown(shop, one)}, by=alice.browser)
        assert foreign == missing
        assert "errors" not in foreign
        (payload,) = foreign["data"].values()
        (error,) = payload["errors"]
        assert error["code"] == ("DOMAIN_NOT_FOUND" if one == kind == "Domain" else "NOT_FOUND")
        assert not bob.shows_in(str(foreign))
    after = await shop.everything()
    assert {table for table in after if after[table] != before[table]} <= {"session", "api_token"}
    assert [row for row in after["session"] if "revoked" in row] == []
    assert len(after["session"]) == len(before["session"])


async def test_an_order_cannot_name_the_others_agent_or_domain(shop: Site, alice: Tenant, bob: Tenant) -> None:
    document = (
        "mutation($id: ID!, $csr: String!) { orderCertificate(input: {csr: $csr, challengeType: HTTP_01, "
        'ctAcknowledged: true, idempotencyKey: "k-4711-4711", agentId: $id}) { order { id } errors { code } } }'
    )
    before = await shop.everything()
    answers = [
        await shop.ask(document, {"id": given, "csr": "junk"}, by=alice.browser)
        for given in (bob.ids["Agent"], unknown(shop, "Agent"))
    ]
    assert answers[0] == answers[1]
    after = await shop.everything()
    assert after["certificate_order"] == before["certificate_order"]
