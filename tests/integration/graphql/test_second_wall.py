"""Statements behind row-level security and without it: equal answers, and nothing foreign even from a bad compiler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
from graphql import parse, validate

from api.app import services_of
from api.db.reading import ReaderPool
from api.execution.plans import Plans
from api.execution.read import Asked, Path, Reader
from api.graphql.context import Context
from api.graphql.fallback import StrawberryFallback
from api.graphql.schema import schema, schema_map
from api.viewer import Viewer
from tests.integration.graphql.documents import Documents
from tests.integration.graphql.executors import WIDE, shown
from tests.integration.graphql.full_house import House
from tests.support.platform import Site
from tests.support.tenants import tenant

DOCUMENTS = 60
FOREIGN = """
query($id: ID!) { node(id: $id) { id ... on Domain { name } ... on Certificate { names chainPem }
  ... on Order { names } ... on Agent { label } ... on ApiToken { name } ... on Session { userAgent } } }
"""


class Unwalled:
    """Reads as the application's role, which row-level security lets see every row."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def fetch_answer(self, sql: str, parameters: Sequence[Any]) -> bytes | None:
        found: str | None = await self._pool.fetchval(sql, *parameters)
        return found.encode() if found is not None else None


def context(site: Site, viewer: Viewer) -> Context:
    core = site.core
    return Context(viewer, core.sessions, core.works, core.clock, services_of(core))


@dataclass(frozen=True)
class Asking:
    """Somebody who asks by one of the ways."""

    site: Site
    plans: Plans
    reader: Reader
    viewer: Viewer

    async def ask(self, text: str, given: dict[str, Any]) -> Any:
        operation = self.plans.operation(text, None)
        coerced = operation.coerce(given)
        assert not isinstance(coerced, list)
        found = await self.reader.read(Asked(operation.plan(coerced), coerced, given, context(self.site, self.viewer)))
        return found.path, shown(found)


@pytest.mark.parametrize("seed", range(2))
async def test_the_wall_changes_no_answer(own_site: Site, seed: int) -> None:
    """A difference would be a row that only the wall keeps back: a hole in the compiler."""
    houses = [House(own_site, seed), House(own_site, seed + 1000)]
    someone, _ = [await house.filled(f"wall{number}") for number, house in enumerate(houses)]
    documents = Documents(schema._schema, houses[0].ids + houses[1].ids, seed, mutations=False)
    fallback, clock = StrawberryFallback(schema), own_site.core.clock
    async with (
        ReaderPool(own_site.core.urls.reader, size=2) as reads,
        asyncpg.create_pool(own_site.core.urls.application.plain, min_size=1, max_size=2) as pool,
    ):
        walled = Asking(own_site, Plans(schema_map(), WIDE), Reader(fallback, reads, clock), someone.viewer)
        unwalled = Plans(replace(schema_map(), walled=False), WIDE)
        bare = Asking(own_site, unwalled, Reader(fallback, Unwalled(pool), clock), someone.viewer)
        compared = 0
        while compared < DOCUMENTS:
            text = documents.make(frozenset({"auditEvents", "orderNotices", "explain"}))
            if validate(schema._schema, parse(text)):
                continue
            given = documents.variables()
            one = await walled.ask(text, given)
            assert one == await bare.ask(text, given), text
            compared += one[0] is Path.COMPILED


async def test_a_compiler_that_forgot_whose_rows_they_are_shows_none_behind_the_wall(own_site: Site) -> None:
    mine, theirs = await tenant(own_site, "canarymine"), await tenant(own_site, "canarytheirs")
    whole = schema_map()
    assert whole.sources is not None
    forgetful = {kind: replace(source, mine="true") for kind, source in whole.sources.tables.items()}
    mutant = replace(whole, sources=replace(whole.sources, tables=forgetful))
    fallback, clock = StrawberryFallback(schema), own_site.core.clock
    leaked = 0
    async with (
        ReaderPool(own_site.core.urls.reader, size=2) as reads,
        asyncpg.create_pool(own_site.core.urls.application.plain, min_size=1, max_size=2) as pool,
    ):
        viewer, unwalled = mine.someone.viewer, replace(mutant, walled=False)
        kept = Asking(own_site, Plans(mutant), Reader(fallback, reads, clock), viewer)
        open_ = Asking(own_site, Plans(unwalled), Reader(fallback, Unwalled(pool), clock), viewer)
        for kind in ("Domain", "Certificate", "Order", "Agent", "ApiToken", "Session"):
            given = {"id": theirs.ids[kind]}
            assert await kept.ask(FOREIGN, given) == (Path.COMPILED, ({"node": None}, []))
            told = await open_.ask(FOREIGN, given)
            leaked += theirs.shows_in(str(told))
    assert leaked == 6, "the mutant is one: without the wall it shows what is not the viewer's"
