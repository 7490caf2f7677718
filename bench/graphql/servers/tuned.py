"""C, Strawberry tuned: documents parsed and validated once, rows of Core, no transactions, msgspec for JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from bench.graphql.servers.core_rows import CoreReads, open_autocommit_engine
from bench.graphql.servers.plain import viewer
from bench.graphql.servers.strawberry_types import make_schema


class View(GraphQL[Any, None]):
    """Strawberry's view with a faster encoder."""

    def __init__(self, engine: AsyncEngine, callers: dict[str, UUID]) -> None:
        super().__init__(make_schema([ParserCache, ValidationCache]))
        self._engine = engine
        self._callers = callers

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"reads": CoreReads(self._engine, viewer(request, self._callers)), "response": response}

    def encode_json(self, data: object) -> bytes:
        return msgspec.json.encode(data)

    def decode_json(self, data: str | bytes) -> object:
        return msgspec.json.decode(data)


@asynccontextmanager
async def application(database: str, callers: dict[str, UUID]) -> AsyncIterator[View]:
    """Yield the ASGI application."""
    engine = open_autocommit_engine(database)
    try:
        yield View(engine, callers)
    finally:
        await engine.dispose()
