"""The composition root: every part is made here once, from settings, and handed to whoever needs it.

Tests call it with settings of their own; nothing behaves differently under test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import exists, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from starlette.routing import BaseRoute

from api.accounts.parts import AccountParts
from api.accounts.releases import PartnerReleases
from api.auth.credential_cache import CredentialCache
from api.auth.passwords import Passwords
from api.certificates.advance import OrderAdvancer
from api.certificates.authorities import Authorities
from api.certificates.ca_accounts import CaAccounts
from api.certificates.orders import OrderRules
from api.certificates.parts import CertificateParts
from api.certificates.revocation import Revoker
from api.databases import open_databases
from api.db.engine import open_engine
from api.db.reading import LOOKUPS, ReaderPool
from api.db.sessions import Sessions
from api.db.signals import Signals
from api.db.urls import DatabaseUrls
from api.declared import declared_fields
from api.documents.checking import check_documents
from api.documents.folder import read_folder
from api.documents.store import DocumentStore
from api.execution.bill import Meter
from api.execution.callers import Callers
from api.execution.charge_leases import LeasedCharges
from api.execution.charge_store import DatabaseCharges
from api.execution.charges import CallerKind, Charges, ProcessCharges, Quota
from api.execution.plans import Plans
from api.execution.read import Reader
from api.execution.run import Runner
from api.execution.schema_map import EventSources
from api.execution.trusted import TrustedDocuments
from api.graphql.context import Context
from api.graphql.fallback import StrawberryFallback
from api.graphql.schema import operation_labels, print_schema_text, schema, schema_map
from api.graphql.services import Services
from api.graphql.visible import visible_schema
from api.http.application import Application, operator_routes
from api.http.cors import Cors
from api.http.documents import Documents
from api.http.edge import GraphQLEdge, MakeContext
from api.http.graphiql import GraphiQL
from api.http.health import Health
from api.http.hearing import hearing
from api.http.live import Live
from api.http.live_limits import LiveLimits
from api.http.middleware import Observed
from api.http.places import Places
from api.http.schema_text import SchemaText
from api.http.socket import SocketEndpoint
from api.http.statuses import Statuses
from api.http.stream import EventStream
from api.http.touches import Touches
from api.http.viewers import ViewerReader
from api.http.watch import CredentialWatch
from api.issuance.acme import AcmeAuthority
from api.issuance.authority import CaDescription
from api.jobs.deliveries import Deliveries, deliveries_source
from api.jobs.maintenance import Maintenance
from api.jobs.orders import order_sources
from api.jobs.worker import JobWorker
from api.kit.derive import derive_secret
from api.kit.metrics import Metrics
from api.mail.rendering import MailIdentity, MailRenderer
from api.mail.sending import open_transport
from api.models import CATALOG, CONTENT_KEY_TABLE, GOVERNANCE
from api.pages.application import Pages
from api.pages.rendering import Renderer
from api.pages.site import House, Site
from api.settings import Settings, development_secret
from api.viewer import Viewer
from api.work import Works
from governance.audit.seal import EventSealer
from governance.audit.trail import AuditTrail
from governance.audit.writer import AuditLog
from governance.clock import Clock, SystemClock
from governance.errors import GovernanceError
from governance.keys import ContentKeys, KeyEncryptionKeys
from governance.register import register_rows


@dataclass(frozen=True, slots=True)
class Core:
    """What both the API and the workers stand on."""

    settings: Settings
    clock: Clock
    urls: DatabaseUrls
    engine: AsyncEngine
    keys_engine: AsyncEngine
    sessions: Sessions
    works: Works
    keys: ContentKeys
    sealer: EventSealer
    metrics: Metrics
    secret: bytes
    authority: CaDescription
    authorities: Authorities
    ca_accounts: CaAccounts
    credentials: CredentialCache

    @property
    def account_parts(self) -> AccountParts:
        """Return what the account services need."""
        return AccountParts(
            works=self.works,
            passwords=Passwords(),
            throttle_secret=derive_secret(self.secret, "throttle"),
            site_name=self.settings["SSLM_SITE_NAME"],
            minimum_age=self.settings["SSLM_MINIMUM_AGE"],
        )


@asynccontextmanager
async def open_core(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Core]:
    """Open databases, keys and the certificate authority; refuses to start on any gap in the data catalogue."""
    CATALOG.check()
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(open_databases(settings))
        engine = open_engine(urls.application.sqlalchemy)
        stack.push_async_callback(engine.dispose)
        keys_engine = open_engine(urls.keys.sqlalchemy, pool_size=4)
        stack.push_async_callback(keys_engine.dispose)
        wrapping = await _key_encryption_keys(settings, keys_engine)
        keys = ContentKeys(keys_engine, CONTENT_KEY_TABLE, wrapping, clock)
        sealer = EventSealer(keys, clock)
        sessions = Sessions(engine)
        credentials = CredentialCache(clock)
        authority = CaDescription(
            name=settings["SSLM_ACME_NAME"],
            directory_url=settings["SSLM_ACME_DIRECTORY"],
            trusted_root_path=settings["SSLM_ACME_ROOT"],
            policy_url=settings["SSLM_ACME_POLICY_URL"] or None,
            in_flight=settings["SSLM_ACME_CONCURRENCY"],
        )
        acme = AcmeAuthority(authority, clock)
        stack.push_async_callback(acme.close)
        yield Core(
            settings=settings,
            clock=clock,
            urls=urls,
            engine=engine,
            keys_engine=keys_engine,
            sessions=sessions,
            works=Works(sessions, clock, AuditTrail(GOVERNANCE, sealer), keys, credentials.acted),
            keys=keys,
            sealer=sealer,
            metrics=Metrics(operations=operation_labels()),
            secret=bytes.fromhex(settings["SSLM_SECRET"] or development_secret(settings["SSLM_VAR"])),
            authority=authority,
            authorities=Authorities(acme),
            ca_accounts=CaAccounts(sessions, wrapping, clock),
            credentials=credentials,
        )


async def _key_encryption_keys(settings: Settings, keys_engine: AsyncEngine) -> KeyEncryptionKeys:
    """Load the epochs; the first start makes the first. A folder that lost its keys is never filled with new ones."""
    folder = settings.key_folder
    if not any(folder.glob("epoch-*.key")):
        async with keys_engine.connect() as connection:
            sealed = await connection.scalar(select(exists().select_from(CONTENT_KEY_TABLE)))
        if sealed:
            raise GovernanceError(
                f"The key folder {folder} is empty, but keys were wrapped before: nothing could be opened, and nothing "
                "was started. Mount or restore the folder, or name it with SSLM_KEY_FOLDER."
            )
        KeyEncryptionKeys.create_epoch(folder, 1)
    return KeyEncryptionKeys.load(folder)


@asynccontextmanager
async def open_api(core: Core, extra_routes: Sequence[BaseRoute] = ()) -> AsyncIterator[Observed]:
    """Yield the ASGI application; its audit writer runs while the block does."""
    settings = core.settings
    trusted = frozenset(settings["SSLM_TRUSTED_PROXIES"])
    allowed = frozenset(settings["SSLM_ALLOWED_ORIGINS"])
    services = services_of(core)

    async def connect() -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(core.urls.audit_writer.plain)

    async with (
        AuditLog(connect, core.sealer) as audit_log,
        ReaderPool(core.urls.reader) as reads,
        ReaderPool(core.urls.application, size=LOOKUPS, octets=False) as lookups,
    ):
        core.metrics.watch_audit(lambda: audit_log.batches, lambda: audit_log.events)
        if isinstance(core.engine.pool, QueuePool):
            core.metrics.watch_pool(core.engine.pool.checkedout, core.engine.pool.checkedin)
        core.metrics.watch_reads(reads.in_use, reads.idle)
        fallback = StrawberryFallback(schema)
        reader = Reader(fallback, reads, core.clock)
        plans = Plans(schema_map())
        releases = PartnerReleases(core.works)
        runner = Runner(plans, reader, audit_log, metrics=core.metrics, meter=make_meter(core), releases=releases)

        def make_context(viewer: Viewer, headers: dict[str, str]) -> Context:
            cookie_header = headers.get("cookie", "")
            return Context(viewer, core.sessions, core.works, core.clock, services, runner.explain, cookie_header)

        viewers = _viewers(core, lookups, services.csrf_secret)
        documents = await _documents(core, plans)
        statuses = Statuses(settings["SSLM_STATUS_CODES"])
        edge = GraphQLEdge(runner, viewers, make_context, Cors(allowed), documents, statuses)
        health = Health(_checks(core), core.metrics if settings["SSLM_METRICS"] else None, trusted)
        house = _house(core, runner, viewers, make_context, services.csrf_secret)
        routes = [
            *operator_routes(health, SchemaText(print_schema_text(), visible_schema(), viewers)),
            *GraphiQL().routes(),
            *extra_routes,
            *Pages(house).routes(),
        ]
        live = _live(core, fallback, edge)
        socket = SocketEndpoint(live, viewers, _origin(settings.site_url), allowed)
        stream = EventStream(live, edge)
        application = Application(edge, socket, stream, routes)
        async with hearing(core.urls.application, services.signals, live.watch, core.credentials, core.metrics):
            yield Observed(application, core.metrics, core.clock, trusted=trusted, https=settings.secure)
            await asyncio.gather(socket.close(), stream.close())
        await viewers.close()


def _viewers(core: Core, lookups: ReaderPool, csrf_secret: bytes) -> ViewerReader:
    """Return what finds out who is asking."""
    return ViewerReader(
        lookups,
        Touches(core.sessions, core.clock),
        core.clock,
        csrf_secret,
        _origin(core.settings.site_url),
        core.credentials,
        frozenset(core.settings["SSLM_ALLOWED_ORIGINS"]),
    )


def _live(core: Core, sources: EventSources, edge: GraphQLEdge) -> Live:
    """Return what connections that stay open share."""
    limits = LiveLimits(connections=core.settings["SSLM_LIVE_CONNECTIONS"])
    return Live(
        runner=edge.runner,
        sources=sources,
        make_context=edge.make_context,
        documents=edge.documents,
        clock=core.clock,
        metrics=core.metrics,
        watch=CredentialWatch(core.sessions, core.clock),
        limits=limits,
        everybody=Places(limits.connections, status=503),
        callers=Places(limits.of_a_caller),
        waiting=Places(limits.waiting_at_an_address),
    )


async def _documents(core: Core, plans: Plans) -> Documents:
    """Return the documents that may be named by id; those of the folder must fit the schema, or nothing starts."""
    trusted = TrustedDocuments()
    folder = core.settings["SSLM_DOCUMENTS"]
    if folder is not None:
        found = read_folder(folder)
        check_documents(found, plans)
        for one in found:
            trusted.add(one.text)
    store = DocumentStore(core.sessions, core.clock, trusted)
    await store.look_again()
    return Documents(trusted, store.look_again, only=core.settings["SSLM_TRUSTED_DOCUMENTS_ONLY"])


def make_meter(core: Core) -> Meter:
    """Return what charges callers for what they ask, by the buckets that the settings name."""
    settings = core.settings
    quotas = {kind: Quota(*settings[f"SSLM_QUOTA_{kind.name}"]) for kind in CallerKind}
    charges: Charges = ProcessCharges(quotas, core.clock)
    if settings["SSLM_CHARGES"] == "database":
        charges = LeasedCharges(DatabaseCharges(quotas, core.clock, core.engine), quotas, core.clock)
    return Meter(charges, Callers(derive_secret(core.secret, "charges")), core.clock)


def _house(core: Core, runner: Runner, viewers: ViewerReader, make_context: MakeContext, secret: bytes) -> House:
    """Return what pages stand on; their data come through the same runner as everybody else's."""
    settings = core.settings
    return House(
        site=Site(
            settings["SSLM_SITE_NAME"],
            settings.site_url,
            settings["SSLM_OPERATOR"],
            settings["SSLM_SUPPORT_ADDRESS"],
            settings["SSLM_MINIMUM_AGE"],
        ),
        runner=runner,
        viewers=viewers,
        make_context=make_context,
        clock=core.clock,
        secret=secret,
        renderer=Renderer(),
        register=register_rows(CATALOG, declared_fields()),
    )


def services_of(core: Core) -> Services:
    """Return what mutations and fields call."""
    rules = OrderRules(core.authority, core.settings["SSLM_OPEN_ORDERS"])
    revoker = Revoker(core.works, core.authorities, core.ca_accounts)
    return Services(
        accounts=core.account_parts,
        certificates=CertificateParts(rules, revoker, core.settings["SSLM_ALLOW_RESERVED_NAMES"]),
        csrf_secret=derive_secret(core.secret, "csrf"),
        signals=Signals(),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _checks(core: Core) -> dict[str, Any]:
    async def database() -> None:
        async with core.engine.connect() as connection:
            await connection.execute(text("select 1"))

    async def keys_database() -> None:
        async with core.keys_engine.connect() as connection:
            await connection.execute(text("select 1"))

    return {"database": database, "keys_database": keys_database}


def make_worker(core: Core) -> JobWorker:
    """Return the worker that sends mails, advances orders and keeps the house in order."""
    settings = core.settings
    renderer = MailRenderer(
        MailIdentity(
            sender=settings.mail_from,
            reply_to=settings["SSLM_SUPPORT_ADDRESS"],
            site_name=settings["SSLM_SITE_NAME"],
            site_url=settings.site_url,
            support_address=settings["SSLM_SUPPORT_ADDRESS"],
            operator=settings["SSLM_OPERATOR"],
        )
    )
    renderer.check()
    deliveries = Deliveries(
        works=core.works, renderer=renderer, transport=open_transport(settings.mail_url), metrics=core.metrics
    )
    advancer = OrderAdvancer(core.works, core.authorities, core.ca_accounts, ended=core.metrics.order)
    revoker = Revoker(core.works, core.authorities, core.ca_accounts)
    return JobWorker(
        url=core.urls.application,
        sessions=core.sessions,
        clock=core.clock,
        sources=(deliveries_source(deliveries), *order_sources(advancer, revoker)),
        maintenance=Maintenance(works=core.works, keys_engine=core.keys_engine, metrics=core.metrics),
        metrics=core.metrics,
        concurrency=settings["SSLM_WORKERS"],
    )
