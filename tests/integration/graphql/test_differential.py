"""Generated documents over the real schema, run by both executors: equal answers, equal errors."""

from __future__ import annotations

from collections import Counter

import pytest
from graphql import parse, validate

from api.execution.read import Path
from api.graphql.schema import schema
from tests.integration.graphql.documents import Documents
from tests.integration.graphql.executors import executors, shown
from tests.integration.graphql.full_house import House
from tests.support.platform import Site

DOCUMENTS = 150
RESOLVED = frozenset({"auditEvents", "explain", "partner", "partners", "accessGrants", "grantedAccounts"})
"""Roots that both would give to the resolvers; `orderNotices` stays, so that an answer made of both is compared."""
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
