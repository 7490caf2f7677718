"""Run the processes: the API, the workers, or both in one loop, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import structlog
import uvicorn
from starlette.routing import BaseRoute

from api.app import Core, make_worker, open_api, open_core
from api.http.live_limits import MESSAGE_BYTES
from api.settings import Settings

_log = structlog.get_logger("api.server")
_STOP_SECONDS = 20


class PortTaken(RuntimeError):
    """The address to listen on is in use or not ours; nothing was served."""


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: one place decides when everything stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `run`."""
        yield


def _config(settings: Settings, application: Any) -> uvicorn.Config:
    certificate, private_key = settings["SSLM_TLS_CERTIFICATE"], settings["SSLM_TLS_PRIVATE_KEY"]
    return uvicorn.Config(
        application,
        host=settings["SSLM_HOST"],
        port=settings["SSLM_PORT"],
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,  # a small message must not become a large one, nor tell secrets by its length
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        http="httptools",
        loop="uvloop",
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(private_key) if private_key else None,
        timeout_graceful_shutdown=_STOP_SECONDS,
        h11_max_incomplete_event_size=64 << 10,
    )


async def run(settings: Settings, *, api: bool, worker: bool, ready: asyncio.Event | None = None) -> None:
    """Serve until SIGINT or SIGTERM; then finish what is under way, and leave nothing half done."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_core(settings) as core:
        await serve(core, stop, api=api, worker=worker, ready=ready)
    _log.info("stopped")


async def serve(
    core: Core,
    stop: asyncio.Event,
    *,
    api: bool,
    worker: bool,
    ready: asyncio.Event | None = None,
    extra_routes: Sequence[BaseRoute] = (),
) -> None:
    """Run the asked processes on an open core until `stop` is set. The failure of one ends the others."""
    async with contextlib.AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        if worker:
            tasks.create_task(make_worker(core).run(stop), name="worker")
        if api:
            application = await stack.enter_async_context(open_api(core, extra_routes))
            server = Server(_config(core.settings, application))
            listening = _bind(core.settings)
            tasks.create_task(_serve_http(server, listening, stop), name="http")
            await _until_listening(server, stop)
            _log.info("listening", url=core.settings.site_url, host=core.settings["SSLM_HOST"])
        if ready is not None:
            ready.set()
        await stop.wait()


def _bind(settings: Settings) -> socket.socket:
    host, port = settings["SSLM_HOST"], settings["SSLM_PORT"]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise PortTaken(
            f"Nothing listens: {host} port {port} cannot be had ({os.strerror(error.errno or 0)}). "
            "Stop what uses it, or choose another with SSLM_PORT."
        ) from error
    # Connections inherit it. Without it an answer's second packet waits for the first one's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def _serve_http(server: Server, listening: socket.socket, stop: asyncio.Event) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stop.set()
    await serving


async def _until_listening(server: Server, stop: asyncio.Event) -> None:
    """Wait for the socket; uvicorn tells of it by an attribute alone."""
    while not server.started and not stop.is_set():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.01)
