from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from api.kit.metrics import Metrics
from api.mail.rendering import MailRenderer
from tests.integration.conftest import Platform
from tests.integration.jobs.parts import Remembering, renderer_in


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def renderer(tmp_path: Path) -> MailRenderer:
    return renderer_in(tmp_path / "templates")


@pytest.fixture
def transport() -> Remembering:
    return Remembering()


@pytest.fixture
async def witness(fresh_platform: Platform) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own that sees what is committed."""
    connection = await asyncpg.connect(fresh_platform.urls.application.plain)
    yield connection
    await connection.close()
