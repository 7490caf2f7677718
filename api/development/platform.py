"""Start the platform with a local certificate authority and a mail folder; nothing of it is simulated.

The certificate authority is Pebble, which validates for real; mails are files; TLS comes from a throw-away root.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.routing import BaseRoute

from api.app import Core, open_core
from api.issuance.pebble import CLIENTS_LIMIT, Pebble, PebbleOptions
from api.issuance.throwaway_tls import write_throwaway_tls
from api.kit.logging import configure_logging
from api.server import serve
from api.settings import load
from governance.clock import SystemClock


@dataclass(frozen=True, slots=True)
class DevelopmentOptions:
    """Where things are kept, how the platform is reached, and what is said on the terminal."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8443
    tls: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class DevelopmentPlatform:
    """A running platform."""

    core: Core
    pebble: Pebble
    root_path: Path | None
    """PEM of the throw-away root that signed the platform's certificate; None over plain http."""

    @property
    def url(self) -> str:
        """Return the address of the site."""
        return self.core.settings.site_url

    @property
    def mail_folder(self) -> Path:
        """Return where mails arrive."""
        return Path(self.core.settings.mail_url.removeprefix("folder://"))


@asynccontextmanager
async def development_platform(
    options: DevelopmentOptions, environ: Mapping[str, str], extra_routes: Sequence[BaseRoute] = ()
) -> AsyncIterator[DevelopmentPlatform]:
    """Yield the running platform; API, workers and the certificate authority stop when the block is left."""
    options.folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        pebble = Pebble(PebbleOptions(answers_http=False), folder=options.folder / "pebble")
        await asyncio.to_thread(pebble.start)
        stack.callback(pebble.stop)
        settings = load(dict(environ) | _environment(options, pebble))
        configure_logging(SystemClock(), console=True, strict=True, level="WARNING" if options.quiet else "INFO")
        core = await stack.enter_async_context(open_core(settings))
        await stack.enter_async_context(_serving(core, extra_routes))
        root = options.folder / "tls" / "tls-root.pem" if options.tls else None
        yield DevelopmentPlatform(core, pebble, root)


@asynccontextmanager
async def _serving(core: Core, extra_routes: Sequence[BaseRoute]) -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(core, stop, api=True, worker=True, ready=ready, extra_routes=extra_routes))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()


def _environment(options: DevelopmentOptions, pebble: Pebble) -> dict[str, str]:
    settings = {
        "SSLM_MODE": "development",
        "SSLM_HOST": options.host,
        "SSLM_PORT": str(options.port),
        "SSLM_VAR": str(options.folder.resolve()),
        "SSLM_ACME_DIRECTORY": pebble.directory_url,
        "SSLM_ACME_NAME": "Pebble (local test authority)",
        "SSLM_ACME_POLICY_URL": "",
        "SSLM_ACME_ROOT": str(pebble.root_path),
        "SSLM_ACME_CONCURRENCY": str(CLIENTS_LIMIT),
        "SSLM_ALLOW_RESERVED_NAMES": "1",
        "SSLM_LOG_FORMAT": "console",
    }
    if options.tls:
        folder = options.folder / "tls"
        folder.mkdir(parents=True, exist_ok=True)
        write_throwaway_tls(folder, SystemClock().now())
        settings |= {"SSLM_TLS_CERTIFICATE": str(folder / "tls.pem"), "SSLM_TLS_PRIVATE_KEY": str(folder / "tls.key")}
    return settings
