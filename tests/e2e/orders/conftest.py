"""Databases of one's own for each file of tests, and an authority of the kind it asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from api.db.migrations import upgrade
from api.issuance.authority import CaDescription
from tests.e2e.orders.stage import Stage, open_stage
from tests.support.database import Cluster, running_cluster

OpenStage = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running_cluster(upgrade) as running:
        yield running


@pytest.fixture(scope="session")
def stage_at(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> OpenStage:
    """Open a platform that orders at an authority."""

    @asynccontextmanager
    async def opened(description: CaDescription, **more: Any) -> AsyncIterator[Stage]:
        folder = tmp_path_factory.mktemp("stage") / "epochs"
        with cluster.fresh() as urls:
            async with open_stage(urls, folder, description, superuser_url=cluster.superuser_url, **more) as stage:
                yield stage

    return opened
