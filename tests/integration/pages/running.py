"""The platform with its pages, on the real composition root, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from api.app import Core, make_meter, open_api, open_core
from api.certificates.orders import OrderRules
from api.certificates.parts import CertificateParts
from api.certificates.revocation import Revoker
from api.db.reading import ReaderPool
from api.db.signals import Signals
from api.db.urls import DatabaseUrl
from api.declared import declared_fields
from api.execution.plans import Plans
from api.execution.read import Reader
from api.execution.run import Runner
from api.graphql.context import Context
from api.graphql.fallback import StrawberryFallback
from api.graphql.schema import schema, schema_map
from api.graphql.services import Services
from api.http.touches import Touches
from api.http.viewers import ViewerReader
from api.kit.derive import derive_secret
from api.models import CATALOG
from api.pages.application import Pages
from api.pages.rendering import Renderer
from api.pages.site import House
from api.pages.site import Site as PageSite
from api.settings import load
from api.viewer import Viewer
from governance.audit.writer import AuditLog
from governance.register import register_rows
from tests.support.database import Cluster
from tests.support.platform import ORIGIN, Site


@asynccontextmanager
async def running_pages(cluster: Cluster, folder: Path) -> AsyncIterator[Site]:
    """Yield the platform on a fresh pair of databases; everything ends with the block."""
    with cluster.fresh() as urls:
        environ = {
            "SSLM_MODE": "development",
            "SSLM_SITE_URL": ORIGIN,
            "SSLM_VAR": str(folder),
            "DATABASE_URL": DatabaseUrl.parse(cluster.superuser_url).at(database=urls.owner.database).plain,
            "SSLM_ACME_DIRECTORY": "https://ca.invalid/dir",
            "SSLM_ALLOW_RESERVED_NAMES": "1",
        }
        async with (
            open_core(load(environ)) as core,
            house_of(core) as house,
            open_api(core, Pages(house).routes()) as app,
        ):
            yield Site(core, app, cluster)


@asynccontextmanager
async def house_of(core: Core) -> AsyncIterator[House]:
    """Yield what the pages reach, wired as the composition root wires the GraphQL edge."""
    settings = core.settings
    rules = OrderRules(core.authority, settings["SSLM_OPEN_ORDERS"])
    revoker = Revoker(core.works, core.authorities, core.ca_accounts)
    secret = derive_secret(core.secret, "csrf")
    services = Services(
        core.account_parts, CertificateParts(rules, revoker, allow_reserved_names=True), secret, Signals()
    )

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(core.urls.audit_writer.plain)

    def make_context(viewer: Viewer, headers: dict[str, str]) -> Context:
        return Context(viewer, core.sessions, core.works, core.clock, services, cookie_header=headers.get("cookie", ""))

    async with (
        AuditLog(connect, core.sealer) as audit_log,
        ReaderPool(core.urls.application, size=2, octets=False) as lookups,
    ):
        touches = Touches(core.sessions, core.clock)
        viewers = ViewerReader(lookups, touches, core.clock, secret, settings.site_url, core.credentials)
        yield House(
            site=PageSite(settings["SSLM_SITE_NAME"], ORIGIN, settings["SSLM_OPERATOR"], "support@example.org"),
            runner=Runner(
                Plans(schema_map()),
                Reader(StrawberryFallback(schema), None, core.clock),
                audit_log,
                metrics=core.metrics,
                meter=make_meter(core),
            ),
            viewers=viewers,
            make_context=make_context,
            clock=core.clock,
            secret=secret,
            renderer=Renderer(),
            register=register_rows(CATALOG, declared_fields()),
        )
        await viewers.close()
