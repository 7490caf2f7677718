from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.live.running import Served, served
from tests.support.database import Cluster
from tests.support.platform import site
from tests.support.tenants import Tenant, tenant


@pytest.fixture(scope="package")
async def live(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One platform behind a real server for all tests of the package; a test that breaks something takes `own_live`."""
    async with site(cluster, tmp_path_factory.mktemp("site")) as running, served(running) as there:
        yield there


@pytest.fixture
async def own_live(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Served]:
    async with site(cluster, tmp_path) as running, served(running) as there:
        yield there


@pytest.fixture(scope="package")
async def alice(live: Served) -> Tenant:
    return await tenant(live.site, "canaryalice")


@pytest.fixture(scope="package")
async def bob(live: Served) -> Tenant:
    return await tenant(live.site, "canarybob")
