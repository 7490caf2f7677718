"""Engines for the application's role, with the settings every connection must have."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def _dump(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def open_engine(url: str, *, pool_size: int = 10, application_name: str = "sslm") -> AsyncEngine:
    """Return an engine on an asyncpg URL; commits wait for the disk (`synchronous_commit` on)."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=False,
        pool_recycle=1800,
        json_serializer=_dump,
        json_deserializer=msgspec.json.decode,
        connect_args={
            "server_settings": {"application_name": application_name, "synchronous_commit": "on", "timezone": "UTC"}
        },
    )
