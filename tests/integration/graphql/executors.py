"""Both executors on one platform: the compiled statements and the resolvers, asked the same, compared."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from api.app import services_of
from api.db.reading import ReaderPool
from api.execution.plans import Plans
from api.execution.read import Asked, Found, Reader
from api.execution.shape import Limits
from api.graphql.context import Context
from api.graphql.fallback import StrawberryFallback
from api.graphql.schema import schema, schema_map
from api.viewer import Viewer
from tests.support.platform import Site

WIDE = Limits(fields=5_000, tokens=20_000, characters=200_000, aliases=500, repeats=500)


@dataclass(frozen=True)
class Executors:
    """The two ways, over the same plans."""

    site: Site
    plans: Plans
    compiled: Reader
    resolved: Reader

    def context(self, viewer: Viewer) -> Context:
        core = self.site.core
        return Context(viewer, core.sessions, core.works, core.clock, services_of(core))

    async def both(
        self, document: str, variables: Mapping[str, Any], viewer: Viewer, masked: frozenset[str] = frozenset()
    ) -> tuple[Found, Found]:
        """Return what each found for a valid document."""
        operation = self.plans.operation(document, None)
        coerced = operation.coerce(variables)
        assert not isinstance(coerced, list), coerced
        plan = operation.plan(coerced)
        one = await self.compiled.read(Asked(plan, coerced, variables, self.context(viewer), masked))
        other = await self.resolved.read(Asked(plan, coerced, variables, self.context(viewer), masked))
        return one, other


def shown(found: Found) -> tuple[Any, list[Any]]:
    """Return data and errors in a form that compares."""
    data = json.loads(found.data) if found.data is not None else found.result.data if found.result else None
    errors = sorted((str(error.path), error.message) for error in found.errors)
    return json.loads(json.dumps(data)), errors


@asynccontextmanager
async def executors(site: Site) -> AsyncIterator[Executors]:
    """Yield both executors; the compiled one connects as it does in the application, behind the wall."""
    async with ReaderPool(site.core.urls.reader, size=2) as reads:
        fallback, clock = StrawberryFallback(schema), site.core.clock
        plans = Plans(schema_map(), WIDE)
        yield Executors(site, plans, Reader(fallback, reads, clock), Reader(fallback, None, clock))
