"""Gaps of tokens, by both executors: the same nulls in the same places, an error for each, and nothing of it shown."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from graphql import GraphQLError, parse, validate

from api.auth.categories import CATEGORIES
from api.execution.read import Found, Path
from api.graphql.schema import schema, schema_map
from governance.access import Grants, masked_coordinates
from governance.errors import CategoryNotGranted
from tests.integration.graphql.documents import Documents
from tests.integration.graphql.executors import executors, shown
from tests.integration.graphql.full_house import House
from tests.support.platform import Site

WITH_GAPS = 15
TRIED = 600
BY_PLACE = {place: tag.category for place, tag in schema_map().personal.items()}
LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 60)]


def gaps(found: Found) -> list[GraphQLError]:
    return [error for error in found.errors if isinstance(error.original_error, CategoryNotGranted)]


def leads_to_null(error: GraphQLError, data: Any) -> bool:
    """Tell whether null stands at the error's path, or above it where null was handed up."""
    for step in error.path or ():
        data = data[step]
        if data is None:
            return True
    return False


@pytest.mark.parametrize("seed", [*range(3), *LONG])
async def test_both_executors_leave_the_same_gaps(own_site: Site, seed: int) -> None:
    house = House(own_site, seed)
    someone = await house.filled(f"gaps{seed}")
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    documents = Documents(schema._schema, [*house.ids, "x"], seed, mutations=False)
    seen: Counter[str] = Counter()
    async with executors(own_site) as both:
        while seen[Path.COMPILED] + seen[Path.MIXED] < WITH_GAPS and seen.total() < TRIED:
            document = documents.make(frozenset({"auditEvents"}))
            variables = documents.variables()
            if validate(schema._schema, parse(document)) or isinstance(
                both.plans.operation(document, None).coerce(variables), list
            ):
                continue
            held = frozenset(chance.sample(sorted(CATEGORIES), k=chance.randint(0, len(CATEGORIES) // 2)))
            masked = masked_coordinates(BY_PLACE, Grants(categories=held, missing_as_null=True))
            compiled, resolved = await both.both(document, variables, someone.viewer, masked)
            (data, _), (other, _) = shown(compiled), shown(resolved)
            assert data == other, (document, held)
            assert bool(gaps(compiled)) == bool(gaps(resolved)), (document, held)
            for found in (compiled, resolved):
                assert all(leads_to_null(error, data) for error in gaps(found)), (document, held)
                assert all(error.nodes for error in gaps(found))
                assert found.coordinates & masked == set(), (document, held)
            seen[compiled.path if gaps(compiled) else "whole"] += 1
    assert seen[Path.COMPILED] + seen[Path.MIXED] == WITH_GAPS, seen
