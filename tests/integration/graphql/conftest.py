from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import Cluster
from tests.support.platform import Site, site
from tests.support.tenants import Tenant, tenant


@pytest.fixture(scope="package")
async def shop(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One platform for all tests of the package; a test that breaks something takes `own_site`."""
    async with site(cluster, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
async def own_site(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(cluster, tmp_path) as running:
        yield running


@pytest.fixture(scope="package")
async def alice(shop: Site) -> Tenant:
    return await tenant(shop, "canaryalice")


@pytest.fixture(scope="package")
async def bob(shop: Site) -> Tenant:
    return await tenant(shop, "canarybob")
