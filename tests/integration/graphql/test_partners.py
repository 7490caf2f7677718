"""Partners and teammates through the schema: they see what was granted of who granted it, and it is on record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.graphql.schema import schema
from api.models import GOVERNANCE, AccessGrantRow, DisclosureRow, DomainRow
from tests.factories.accounts import link_in
from tests.factories.partners import Organisation, act_for, contact_of, granted, organisation, teammate_of
from tests.integration.graphql.documents import Documents
from tests.integration.graphql.test_random_documents import SKIPPED
from tests.integration.graphql.test_tenancy import KINDS, MUTATIONS
from tests.support.platform import Site
from tests.support.tenants import Tenant, tenant

NAMES = "{ me { domains(first: 5) { edges { node { name } } } } }"
SEEN = """
{ me { id email displayName
  domains(first: 100) { totalCount edges { node { id name validations(first: 5) { edges { node { authority } } } } } }
  orders(first: 100) { totalCount edges { node { id names disclosures { recipient names } } } }
  certificates(first: 100) { totalCount edges { node { id names serialNumber chainPem } } }
  agents(first: 100) { totalCount edges { node { id label hostName } } } } }
"""
NODE = "query($id: ID!) { node(id: $id) { id __typename ... on Domain { name } ... on Order { names } } }"
GRANT = """
mutation($input: GrantPartnerAccessInput!) { grantPartnerAccess(input: $input) {
  accessGrant { id scopes categories until acceptedAt partner { id name country purposes } teammate { email } }
  errors { __typename code field message } } }
"""
GRANTED = """
{ grantedAccounts(first: 10) { totalCount edges { node { actFor accountId scopes categories until lastUsedAt } } } }
"""
MINE = """
{ accessGrants(first: 10) { totalCount edges { node { id scopes categories createdAt until acceptedAt lastUsedAt
  revokedAt partner { name } teammate { email } invitation { email expiresAt } } } }
  me { disclosures(first: 10) { totalCount edges { node { recipient fields purpose } } } } }
"""


@dataclass(frozen=True)
class Stage:
    """One platform with two holders, the first of whom granted a partner everything there is to grant."""

    site: Site
    alice: Tenant
    bob: Tenant
    acme: Organisation
    grant: AccessGrantRow

    async def acting(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        return await self.site.ask(document, variables, by=self.acme.api_token, act_for=act_for(self.grant))

    async def rows(self, table: Any) -> list[Any]:
        async with self.site.core.sessions.read() as session:
            return list((await session.scalars(select(table).order_by(table.id))).all())

    async def events(self, role: str) -> list[dict[str, Any]]:
        """Return the events of a role, oldest first."""
        log = GOVERNANCE.audit_event.c
        async with self.site.core.sessions.read() as session:
            headers = (await session.execute(select(log.header).order_by(log.at, log.id))).scalars().all()
        return [event for event in map(json.loads, headers) if event["actor"]["role"] == role]


@pytest.fixture
async def stage(own_site: Site) -> Stage:
    platform = own_site.platform
    alice, bob = await tenant(own_site, "canaryalice"), await tenant(own_site, "canarybob")
    acme = await organisation(platform)
    grant = await granted(platform, alice.someone, acme)
    return Stage(own_site, alice, bob, acme, grant)


def code(answer: dict[str, Any]) -> str:
    """Return the code of the one error of an answer without data."""
    assert answer.get("data") is None
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.clause("X-5")
async def test_a_partner_sees_what_was_granted_and_it_is_a_disclosure_to_it(stage: Stage) -> None:
    before = len(await stage.rows(DisclosureRow))
    answer = await stage.acting(SEEN)
    assert "errors" not in answer
    assert stage.alice.shows_in(str(answer))
    assert not stage.bob.shows_in(str(answer))
    *_, written = await stage.rows(DisclosureRow)
    assert len(await stage.rows(DisclosureRow)) == before + 1
    assert (written.account_id, written.recipient) == (stage.alice.someone.account_id, "acme-hosting")
    assert (written.order_id, written.names, written.purpose) == (None, [], "acting_for_holder")
    assert {"Account.email", "Domain.name", "Certificate.chainPem"} <= set(written.fields)
    *_, event = await stage.events("partner")
    contact = await contact_of(stage.site.platform, stage.acme)
    assert (event["kind"], event["outcome"], event["operation"]["name"]) == ("recipient", "allowed", "me")
    assert str(stage.alice.someone.person.pseudonym) in event["data_subjects"]
    assert str(stage.bob.someone.person.pseudonym) not in event["data_subjects"]
    assert event["coordinates"] == written.fields
    async with stage.site.core.sessions.read() as session:
        person = GOVERNANCE.data_subject.c
        acted = await session.scalar(select(person.pseudonym).where(person.id == contact.data_subject_id))
    assert event["actor"]["pseudonym"] == str(acted)


async def test_what_shows_nothing_of_anybody_is_no_disclosure(stage: Stage) -> None:
    before = len(await stage.rows(DisclosureRow))
    assert (await stage.acting("{ __typename me { id } }"))["data"]["me"]["id"] == stage.alice.ids["Account"]
    assert len(await stage.rows(DisclosureRow)) == before


@pytest.mark.clause("X-3")
@pytest.mark.parametrize(
    "broken",
    [
        "revoke insert on disclosure from sslm_app",
        "revoke insert on audit_event from sslm_app",
        "drop table disclosure cascade",
    ],
)
async def test_without_its_record_nothing_leaves_for_a_partner(stage: Stage, broken: str) -> None:
    before = len(await stage.events("partner"))
    async with stage.site.superuser() as connection:
        await connection.execute(broken)
    answer = await stage.acting(NAMES)
    assert code(answer) == "AUDIT_UNAVAILABLE"
    assert not stage.alice.shows_in(str(answer))
    assert len(await stage.events("partner")) == before
    assert stage.alice.shows_in(str(await stage.site.ask(NAMES, by=stage.alice.browser)))


async def test_a_partner_finds_nothing_of_whoever_did_not_grant(stage: Stage) -> None:
    for kind in KINDS:
        answer = await stage.acting(NODE, {"id": stage.bob.ids[kind]})
        assert answer == {"data": {"node": None}}
        document = "query($id: ID!) { node(id: $id) { id } }"
        assert await stage.site.ask(document, {"id": stage.alice.ids[kind]}, by=stage.acme.api_token) == {
            "data": {"node": None}
        }
    own = await stage.acting(NODE, {"id": stage.alice.ids["Domain"]})
    assert own["data"]["node"]["name"] == "canaryalice.example.org"
    for name in ("Domain", "Order", "Certificate"):
        document = f"mutation($id: ID!) {{ {MUTATIONS[name]} }}"
        payload = (await stage.acting(document.replace(" { id }", " { __typename }"), {"id": stage.bob.ids[name]}))[
            "data"
        ]
        (error,) = next(iter(payload.values()))["errors"]
        assert error["code"] in {"NOT_FOUND", "DOMAIN_NOT_FOUND"}


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ("{ me { sessions(first: 1) { totalCount } } }", "security:read"),
        ("{ me { apiTokens(first: 1) { totalCount } } }", "security:read"),
        ("{ me { securityEvents(first: 1) { totalCount } } }", "security:read"),
        ("{ accessGrants(first: 1) { totalCount } }", "access:read"),
        ("{ me { disclosures(first: 1) { totalCount } } }", "access:read"),
        ("{ grantedAccounts(first: 1) { totalCount } }", "access:read"),
        ('mutation { updateSettings(input: {displayName: "x"}) { errors { code } } }', "account:write"),
        ('mutation { createApiToken(input: {name: "x", scopes: ["domains:read"]}) { secret } }', "tokens:write"),
        ('mutation { revokeAccessGrant(input: {accessGrantId: "x"}) { errors { code } } }', "access:write"),
        ('mutation { acceptAccessGrant(input: {linkToken: "x"}) { errors { code } } }', "access:write"),
        ("mutation { revokeOtherSessions { errors { code } } }", "account:write"),
        ("{ me { ageStatementAt } }", "data:user.demographic.age_range"),
    ],
)
async def test_what_is_never_granted_is_refused_before_a_row_is_read(stage: Stage, document: str, missing: str) -> None:
    answer = await stage.acting(document)
    assert code(answer) == "ACCESS_DENIED"
    assert missing in answer["errors"][0]["extensions"]["missing"]


async def test_a_change_of_a_partner_speaks_of_the_holder(stage: Stage) -> None:
    document = 'mutation { addDomain(input: {name: "new.example.com"}) { domain { name } errors { code } } }'
    answer = await stage.acting(document)
    assert answer["data"]["addDomain"] == {"domain": {"name": "new.example.com"}, "errors": []}
    added = next(row for row in await stage.rows(DomainRow) if row.name == "new.example.com")
    assert added.account_id == stage.alice.someone.account_id
    change, release = await stage.events("partner")
    assert (change["kind"], release["kind"]) == ("change", "recipient")
    for event in (change, release):
        assert str(stage.alice.someone.person.pseudonym) in event["data_subjects"]
    (written,) = [row for row in await stage.rows(DisclosureRow) if row.recipient == "acme-hosting"]
    assert written.fields == ["Domain.name"]


async def test_categories_bound_what_is_seen(stage: Stage) -> None:
    narrow = await granted(
        stage.site.platform, stage.alice.someone, stage.acme, "k-2", scopes=("domains:read", "account:read"),
        categories=("user.contact.url",),
    )  # fmt: skip
    by, named = stage.acme.api_token, act_for(narrow)
    seen = "{ me { domains(first: 5) { edges { node { name } } } } }"
    assert stage.alice.shows_in(str(await stage.site.ask(seen, by=by, act_for=named)))
    answer = await stage.site.ask("{ me { email } }", by=by, act_for=named)
    assert answer["errors"][0]["extensions"]["missing"] == ["data:user.contact.email"]
    answer = await stage.site.ask("{ me { orders(first: 1) { totalCount } } }", by=by, act_for=named)
    assert answer["errors"][0]["extensions"]["missing"] == ["certificates:read"]


async def test_a_revoked_grant_opens_nothing_from_then_on(stage: Stage) -> None:
    assert stage.alice.shows_in(str(await stage.acting(NAMES)))
    document = (
        "mutation($id: ID!) { revokeAccessGrant(input: {accessGrantId: $id}) {"
        " accessGrant { revokedAt } errors { code } } }"
    )
    ended = await stage.site.ask(document, {"id": act_for(stage.grant)}, by=stage.alice.browser)
    assert ended["data"]["revokeAccessGrant"]["accessGrant"]["revokedAt"] is not None
    response = await stage.site.post(
        {"query": NAMES},
        {"authorization": f"Bearer {stage.acme.api_token}", "sslm-act-for": act_for(stage.grant)},
    )
    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"]["code"] == "GRANT_REFUSED"
    assert "Sslm-Act-For" in response.headers["vary"]


@pytest.mark.parametrize("named", ["", "x", "AAAA", "QUNDRVNT" * 99])
async def test_what_is_no_grant_is_refused_like_one_that_is_not_theirs(stage: Stage, named: str) -> None:
    theirs = stage.alice.ids["Domain"]
    for one in (named, theirs):
        response = await stage.site.post(
            {"query": NAMES},
            {"authorization": f"Bearer {stage.acme.api_token}", "sslm-act-for": one},
        )
        assert (response.status_code, code(response.json())) == (403, "GRANT_REFUSED")
    assert code(await stage.site.ask("{ __typename }", act_for=act_for(stage.grant))) == "GRANT_REFUSED"


async def test_a_partner_lists_whom_it_may_act_for_and_that_is_a_disclosure_too(stage: Stage) -> None:
    second = await granted(stage.site.platform, stage.bob.someone, stage.acme)
    rival = await organisation(stage.site.platform, "rival")
    await granted(stage.site.platform, stage.bob.someone, rival, "k-2")
    answer = await stage.site.ask(GRANTED, by=stage.acme.api_token)
    found = answer["data"]["grantedAccounts"]
    assert found["totalCount"] == 2
    assert [edge["node"]["actFor"] for edge in found["edges"]] == [act_for(second), act_for(stage.grant)]
    assert found["edges"][1]["node"]["accountId"] == stage.alice.ids["Account"]
    told = [row.account_id for row in await stage.rows(DisclosureRow) if row.recipient == "acme-hosting"]
    assert sorted(told) == sorted([stage.alice.someone.account_id, stage.bob.someone.account_id])
    answer = await stage.site.ask("{ grantedAccounts(first: 5) { edges { node { email } } } }", by=stage.acme.api_token)
    assert code(answer) == "ACCESS_DENIED"
    answer = await stage.site.ask("{ me { id } partners(first: 5) { totalCount } }", by=rival.api_token)
    assert answer["data"] == {"me": None, "partners": {"totalCount": 2}}


async def test_the_holder_sees_who_may_act_and_what_was_shown(stage: Stage) -> None:
    await stage.acting(NAMES)
    answer = await stage.site.ask(MINE, by=stage.alice.browser)
    (edge,) = answer["data"]["accessGrants"]["edges"]
    assert (edge["node"]["partner"], edge["node"]["teammate"]) == ({"name": "acme-hosting Ltd"}, None)
    first = answer["data"]["me"]["disclosures"]["edges"][0]["node"]
    assert first == {"recipient": "acme-hosting", "fields": ["Domain.name"], "purpose": "acting_for_holder"}
    assert (await stage.site.ask(MINE, by=stage.bob.browser))["data"]["accessGrants"]["totalCount"] == 0
    node = "query($id: ID!) { node(id: $id) { __typename id ... on AccessGrant { scopes } ... on Partner { code } } }"
    for kind, named in (("AccessGrant", act_for(stage.grant)), ("Partner", stage.acme.global_id)):
        own = await stage.site.ask(node, {"id": named}, by=stage.alice.browser)
        assert (own["data"]["node"]["__typename"], own["data"]["node"]["id"]) == (kind, named)
    assert (await stage.site.ask(node, {"id": act_for(stage.grant)}, by=stage.bob.browser))["data"]["node"] is None


async def test_granting_through_the_schema_and_bad_input_is_data(stage: Stage) -> None:
    until = (stage.site.platform.clock.now() + timedelta(days=9)).isoformat()
    good = {"partnerId": stage.acme.global_id, "scopes": ["domains:read"], "categories": ["user.contact.url"]}
    good |= {"until": until, "idempotencyKey": "one"}
    first = await stage.site.ask(GRANT, {"input": good}, by=stage.bob.browser)
    assert first["data"]["grantPartnerAccess"]["errors"] == []
    shown = first["data"]["grantPartnerAccess"]["accessGrant"]
    assert (shown["partner"]["country"], shown["teammate"]) == ("DE", None)
    assert await stage.site.ask(GRANT, {"input": good}, by=stage.bob.browser) == first
    bad: list[tuple[dict[str, Any], str, list[str]]] = [
        ({"partnerId": "x"}, "NOT_FOUND", ["partnerId"]),
        ({"partnerId": stage.alice.ids["Domain"]}, "NOT_FOUND", ["partnerId"]),
        ({"scopes": ["tokens:write"]}, "SCOPE_REFUSED", ["scopes"]),
        ({"categories": ["user.authorization"]}, "SETTING_REFUSED", ["categories"]),
        ({"until": "2020-01-01T00:00:00Z"}, "SETTING_REFUSED", ["until"]),
        ({"idempotencyKey": ""}, "INVALID_INPUT", ["idempotencyKey"]),
        ({"scopes": ["certificates:read"], "idempotencyKey": "one"}, "IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"]),
    ]
    for number, (changed, wanted, field) in enumerate(bad):
        given = {**good, "idempotencyKey": f"bad-{number}", **changed}
        answer = await stage.site.ask(GRANT, {"input": given}, by=stage.bob.browser)
        assert "errors" not in answer
        (error,) = answer["data"]["grantPartnerAccess"]["errors"]
        assert (error["code"], error["field"]) == (wanted, field)
    answer = await stage.site.ask(GRANT, {"input": good}, by=stage.bob.api_token)
    assert answer["data"]["grantPartnerAccess"]["errors"][0]["code"] == "OWN_SESSION_REQUIRED"


async def test_a_teammate_acts_without_being_a_recipient(stage: Stage) -> None:
    grant = await teammate_of(
        stage.site.platform, stage.alice.someone, stage.bob.someone, "canarybob@example.org", key="k-9"
    )
    for by in (stage.bob.browser, stage.bob.api_token):
        answer = await stage.site.ask(SEEN, by=by, act_for=act_for(grant))
        assert stage.alice.shows_in(str(answer))
        assert not stage.bob.shows_in(str(answer))
        own = await stage.site.ask(SEEN, by=by)
        assert stage.bob.shows_in(str(own))
        assert not stage.alice.shows_in(str(own))
    assert [row for row in await stage.rows(DisclosureRow) if not row.recipient.startswith("canary")] == []
    (event, _) = await stage.events("teammate")
    assert (event["kind"], event["actor"]["pseudonym"]) == (
        "disclosure", str(stage.bob.someone.person.pseudonym)
    )  # fmt: skip
    assert str(stage.alice.someone.person.pseudonym) in event["data_subjects"]
    mine = (await stage.site.ask(MINE, by=stage.alice.browser))["data"]["accessGrants"]["edges"][0]["node"]
    assert mine["teammate"] == {"email": "canarybob@example.org"}


async def test_inviting_and_accepting_through_the_schema(stage: Stage) -> None:
    until = (stage.site.platform.clock.now() + timedelta(days=9)).isoformat()
    terms = {"scopes": ["domains:read"], "categories": ["user.contact.url"], "until": until, "idempotencyKey": "t"}
    invite = (
        "mutation($input: GrantTeammateAccessInput!) { grantTeammateAccess(input: $input) {"
        " accessGrant { acceptedAt teammate { email } invitation { email } } errors { code } } }"
    )
    given = {"input": {"email": "canarybob@example.org", **terms}}
    answer = await stage.site.ask(invite, given, by=stage.alice.browser)
    assert answer["data"]["grantTeammateAccess"] == {
        "accessGrant": {"acceptedAt": None, "teammate": None, "invitation": {"email": "canarybob@example.org"}},
        "errors": [],
    }
    link_token = await link_in(stage.site.platform, "access_invitation", "canarybob@example.org")
    accept = "mutation($t: String!) { acceptAccessGrant(input: {linkToken: $t}) { errors { code } } }"
    for by, codes in ((stage.alice.browser, ["INVITATION_REFUSED"]), (stage.bob.browser, [])):
        answer = await stage.site.ask(accept, {"t": link_token}, by=by)
        assert [error["code"] for error in answer["data"]["acceptAccessGrant"]["errors"]] == codes
    answer = await stage.site.ask(
        "{ grantedAccounts(first: 5) { edges { node { email displayName scopes } } } }", by=stage.bob.browser
    )
    (edge,) = answer["data"]["grantedAccounts"]["edges"]
    assert edge["node"] == {
        "email": "canaryalice@example.org", "displayName": "canaryalice name", "scopes": ["domains:read"]
    }  # fmt: skip


async def test_the_use_of_a_grant_shows(stage: Stage) -> None:
    began = stage.site.core.clock.now()
    await stage.acting(NAMES)
    used = None
    while used is None:  # it is written in the background
        async with stage.site.core.sessions.read() as session:
            used = await session.scalar(select(AccessGrantRow.last_used_at))
    assert began <= used <= stage.site.core.clock.now()


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 40))])
async def test_no_generated_document_shows_a_partner_what_is_not_the_grants(stage: Stage, seed: int) -> None:
    """The second holder granted nothing: whatever is asked, with ids of both, nothing of theirs is in an answer."""
    own = [value for kind, value in stage.alice.ids.items() if kind != "Session"]
    documents = Documents(schema._schema, [*own, *stage.bob.ids.values(), "x"], seed)
    before = [row for rows in (await stage.site.everything()).values() for row in rows if stage.bob.shows_in(row)]
    answered = 0
    for _ in range(60):
        document = documents.make(SKIPPED)
        acting = await stage.acting(document)
        alone = await stage.site.ask(document, by=stage.acme.api_token)
        assert not stage.bob.shows_in(str(acting) + str(alone)), document
        assert not stage.alice.shows_in(str(alone)), "without the grant the partner sees nothing of anybody"
        answered += acting.get("data") is not None
    assert answered, "some of what is asked is granted"
    after = [row for rows in (await stage.site.everything()).values() for row in rows if stage.bob.shows_in(row)]
    assert sorted(after) == sorted(before)
