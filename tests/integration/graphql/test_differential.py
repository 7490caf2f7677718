"""Generated documents over the real schema, run by both executors: equal answers, equal errors."""

from __future__ import annotations

from collections import Counter

import pytest
from graphql import parse, validate

from api.execution.read import Path
from api.graphql.schema import schema
from tests.factories.partners import act_for, granted, organisation
from tests.integration.graphql.documents import Documents
from tests.integration.graphql.executors import executors, shown
from tests.integration.graphql.full_house import House
from tests.support.platform import Site
from tests.support.tenants import tenant

DOCUMENTS = 150
RESOLVED = frozenset({"auditEvents", "explain", "partner", "partners", "accessGrants", "grantedAccounts"})
"""Roots that both would give to the resolvers; `orderNotices` stays, so that an answer made of both is compared."""
GRANT = """
query($id: ID!) {
  node(id: $id) { ... on AccessGrant { id scopes categories createdAt until acceptedAt lastUsedAt revokedAt } }
  me { disclosures(first: 10) { totalCount edges { node { recipient fields names purpose at } } } }
}
"""
PARTNER = "query($id: ID!) { node(id: $id) { id ... on Partner { code purposes } } }"
LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 90)]


@pytest.mark.parametrize("seed", [*range(4), *LONG])
async def test_both_executors_answer_alike(own_site: Site, seed: int) -> None:
    houses = [House(own_site, seed), House(own_site, seed + 1000)]
    someone, _ = [await house.filled(f"house{number}") for number, house in enumerate(houses)]
    ids = houses[0].ids + houses[1].ids[:10] + ["x"]
    documents = Documents(schema._schema, ids, seed, mutations=False)
    paths: Counter[str] = Counter()
    async with executors(own_site) as both:
        while paths.total() < DOCUMENTS:
            document = documents.make(RESOLVED)
            if validate(schema._schema, parse(document)):
                continue
            variables = documents.variables()
            compiled, resolved = await both.both(document, variables, someone.viewer)
            assert shown(compiled) == shown(resolved), (document, variables)
            if not resolved.errors:  # an error stops the resolvers beside it, now earlier, now later
                assert compiled.coordinates == resolved.coordinates, document
                assert compiled.data_subjects == resolved.data_subjects, document
            paths[compiled.path] += 1
    assert paths[Path.COMPILED] + paths[Path.MIXED] > DOCUMENTS // 2, paths
    assert paths[Path.COMPILED] > DOCUMENTS // 4, paths


async def test_what_is_granted_is_shown_alike(own_site: Site) -> None:
    """A grant by its id, and what left for whom it was given to; somebody else's grant is the same null."""
    alice, bob = await tenant(own_site, "canaryalice"), await tenant(own_site, "canarybob")
    acme = await organisation(own_site.platform)
    grants = [act_for(await granted(own_site.platform, one.someone, acme)) for one in (alice, bob)]
    await own_site.ask("{ me { email } }", by=acme.api_token, act_for=grants[0])
    async with executors(own_site) as both:
        for named in grants:
            compiled, resolved = await both.both(GRANT, {"id": named}, alice.someone.viewer)
            assert compiled.path is Path.COMPILED
            assert shown(compiled) == shown(resolved)
            assert (compiled.coordinates, compiled.data_subjects) == (resolved.coordinates, resolved.data_subjects)
            assert (shown(compiled)[0]["node"] is not None) is (named == grants[0])
            assert "acme-hosting" in str(shown(compiled)[0]["me"])
        for more in ("partner { name }", "teammate { email }", "invitation { email }"):
            document = f"query($id: ID!) {{ node(id: $id) {{ ... on AccessGrant {{ id {more} }} }} }}"
            compiled, resolved = await both.both(document, {"id": grants[0]}, alice.someone.viewer)
            assert (compiled.path, shown(compiled)) == (Path.RESOLVED, shown(resolved))
        compiled, resolved = await both.both(PARTNER, {"id": acme.global_id}, alice.someone.viewer)
        assert (compiled.path, shown(compiled)) == (Path.RESOLVED, shown(resolved))
        assert shown(compiled)[0]["node"]["code"] == "acme-hosting"
