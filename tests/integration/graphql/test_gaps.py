"""Gaps of tokens, by both executors: the same nulls in the same places, an error for each, and nothing of it shown."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import GraphQLError, parse, validate

from api.auth.categories import CATEGORIES
from api.execution.read import Found, Path
from api.execution.selection import Field
from api.graphql.schema import schema, schema_map
from governance.access import Grants, masked_coordinates
from governance.errors import CategoryNotGranted
from tests.integration.graphql.documents import Documents
from tests.integration.graphql.executors import Executors, executors, shown
from tests.integration.graphql.full_house import House
from tests.support.platform import Site

WITH_GAPS = 15
TRIED = 600
BY_PLACE = {place: tag.category for place, tag in schema_map().personal.items()}
LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 60)]


def gaps(found: Found) -> list[GraphQLError]:
    return [error for error in found.errors if isinstance(error.original_error, CategoryNotGranted)]


def coerced_of(both: Executors, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    coerced = both.plans.operation(document, None).coerce(variables)
    assert not isinstance(coerced, list)
    return dict(coerced)


def leads_to_null(error: GraphQLError, data: Any) -> bool:
    """Tell whether null stands at the error's path, or above it where null was handed up."""
    for step in error.path or ():
        data = data[step]
        if data is None:
            return True
    return False


def told(fields: Sequence[Field], data: Any) -> tuple[set[str], bool]:
    """Return what an answer tells of by looking at it, and whether the types of all its objects are known."""
    if isinstance(data, list):
        parts = [told(fields, item) for item in data]
        return set().union(*(found for found, _ in parts)), all(known for _, known in parts)
    found: set[str] = set()
    known = True
    for one in fields if data is not None else ():
        found |= {one.coordinate} & BY_PLACE.keys()
        if len(one.children) > 1:
            known &= data[one.key] is None
        elif one.children and data[one.key] is not None:
            below, known_below = told(next(iter(one.children.values())), data[one.key])
            found |= below
            known &= known_below
    return found, known


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
            fields = both.plans.operation(document, None).plan(coerced_of(both, document, variables)).fields
            looked_at, known = told(fields, data)
            if known and compiled.path is Path.COMPILED:
                assert compiled.coordinates == looked_at - masked, (document, held)
            seen[compiled.path if gaps(compiled) else "whole"] += 1
    assert seen[Path.COMPILED] + seen[Path.MIXED] == WITH_GAPS, seen
