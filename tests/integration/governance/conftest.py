"""A superuser who breaks things on purpose, and a bound short enough to be waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from api.db.urls import DatabaseUrl
from governance.audit import writer
from tests.integration.conftest import Platform
from tests.integration.governance.support import Connection
from tests.support.database import Cluster


@pytest.fixture
async def superuser(cluster: Cluster, fresh_platform: Platform) -> AsyncIterator[Connection]:
    """The server's superuser, inside the main database of `fresh_platform`."""
    database = fresh_platform.urls.owner.database
    connection = await asyncpg.connect(DatabaseUrl.parse(cluster.superuser_url).at(database=database).plain)
    yield connection
    await connection.close()


@pytest.fixture
def short_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up a write soon; the length of the bound is not what these tests are about."""
    monkeypatch.setattr(writer, "WRITE_SECONDS", 0.5)
