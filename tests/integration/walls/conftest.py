from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from api.models import AcknowledgementRow, CertificateRow, RevocationRow
from api.viewer import Role, Viewer
from governance.ids import new_id
from tests.factories.partners import invited
from tests.support.database import Cluster
from tests.support.platform import Site, site
from tests.support.tenants import Tenant, tenant


@pytest.fixture(scope="package")
async def shop(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with site(cluster, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
async def own_site(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Site]:
    async with site(cluster, tmp_path) as running:
        yield running


@pytest.fixture(scope="package")
async def alice(shop: Site) -> Tenant:
    return await everywhere(shop, "canaryalice")


@pytest.fixture(scope="package")
async def bob(shop: Site) -> Tenant:
    return await everywhere(shop, "canarybob")


async def everywhere(site: Site, canary: str) -> Tenant:
    """A tenant with a row in every table that the reader may read."""
    made = await tenant(site, canary)
    clock, now, account_id = site.core.clock, site.core.clock.now(), made.someone.account_id
    async with site.core.works.open(Viewer(Role.JOB)) as work:
        certificate = select(CertificateRow.id).where(CertificateRow.account_id == account_id)
        revocation = {"id": new_id(clock), "certificate_id": await work.session.scalar(certificate)}
        await work.session.execute(
            insert(RevocationRow).values(
                **revocation, reason="SUPERSEDED", requested_at=now, attempts=0, ended_at=now, generation=0
            )
        )
        await work.session.execute(
            insert(AcknowledgementRow).values(
                id=new_id(clock), account_id=account_id, kind="certificate_authority", version=canary, at=now
            )
        )
    await invited(site.platform, made.someone, f"{canary}@mate.example.net")
    return made
