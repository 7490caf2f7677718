from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.pages.browser import Browser, new_browser
from tests.integration.pages.running import running_pages
from tests.support.database import Cluster
from tests.support.platform import Site


@pytest.fixture(scope="package")
async def pages(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One platform with its pages for all tests of the package."""
    async with running_pages(cluster, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
async def own_pages(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Site]:
    """A platform of one test's own, where all tables can be compared before and after."""
    async with running_pages(cluster, tmp_path) as running:
        yield running


@pytest.fixture
async def visitor(pages: Site) -> AsyncIterator[Browser]:
    async with new_browser(pages) as browser:
        yield browser
