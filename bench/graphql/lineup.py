"""Who takes part: each server with its command, and how it is started, watched and stopped.

The rule: all run at the same time on one database, so rounds can alternate; together they must leave it connections.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.graphql.stage import Stage

ROOT: Final = Path(__file__).parents[2]
POSTGRAPHILE: Final = Path(__file__).parent / "postgraphile"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
Command = Callable[[Stage, int], list[str]]


class Missing(RuntimeError):
    """A server cannot run here; nothing was measured."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `connections` is the most it opens to the database; `events` whether each answer is on record."""

    key: str
    title: str
    command: Command
    connections: int = 16
    product: bool = False
    events: bool = False
    needs: tuple[Path | str, ...] = ()

    def missing(self) -> list[str]:
        """Return what is not here."""
        return [str(need) for need in self.needs if not _is_here(need)]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers on `port`."""

    server: Server
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"


def _is_here(need: Path | str) -> bool:
    if isinstance(need, Path):
        return need.exists()
    return any((Path(folder) / need).exists() for folder in sys.path if folder)


def _python(module: str) -> Command:
    def command(stage: Stage, port: int) -> list[str]:
        arguments = [module, stage.competitors_url, str(stage.callers_file), str(port)]
        return [sys.executable, "-m", "bench.graphql.serve", *arguments]

    return command


def _node() -> Path:
    """Return the Node that came with PostGraphile: it needs 22, systems have less."""
    kind = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return POSTGRAPHILE / "node_modules" / f"node-linux-{kind}" / "bin" / "node"


def _postgraphile(stage: Stage, port: int) -> list[str]:
    return [str(_node()), str(POSTGRAPHILE / "server.mjs"), stage.competitors_url, str(stage.callers_file), str(port)]


_PRODUCT_CONNECTIONS: Final = 40
SERVERS: Final = (
    Server("A", "handwritten limit", _python("limit")),
    Server(
        "P",
        "this product, audit off",
        lambda _stage, _port: [sys.executable, "-m", "bench.graphql.servers.unaudited"],
        connections=_PRODUCT_CONNECTIONS,
        product=True,
    ),
    Server(
        "P+",
        "this product",
        lambda _stage, _port: [sys.executable, "-m", "api", "api"],
        connections=_PRODUCT_CONNECTIONS,
        product=True,
        events=True,
    ),
    Server(
        "E",
        "PostGraphile 5",
        _postgraphile,
        connections=17,
        needs=(_node(), POSTGRAPHILE / "node_modules" / "postgraphile"),
    ),
    Server("C", "Strawberry, tuned", _python("tuned")),
    Server("D", "Ariadne", _python("ariadne_rows"), needs=("ariadne",)),
    Server("B", "Strawberry, plain", _python("plain")),
)


def choose(keys: Sequence[str]) -> tuple[list[Server], list[str]]:
    """Return the servers asked for, and those left out with what is missing; one asked for by name must be there."""
    if shutil.which("wrk") is None:
        raise Missing("wrk, which makes the load, is missing. Run scripts/install_bench.sh.")
    unknown = set(keys) - {server.key for server in SERVERS}
    if unknown:
        raise Missing(
            f"There is no server {', '.join(sorted(unknown))}; there are {', '.join(s.key for s in SERVERS)}."
        )
    chosen, left_out = [], []
    for server in SERVERS:
        if keys and server.key not in keys:
            continue
        missing = server.missing()
        if missing and keys:
            raise Missing(f"{server.title} cannot run: {', '.join(missing)} is missing. Run scripts/install_bench.sh.")
        if missing:
            left_out.append(f"{server.key} {server.title}: {', '.join(missing)} is missing")
        else:
            chosen.append(server)
    return chosen, left_out


@contextmanager
def running(servers: Sequence[Server], stage: Stage) -> Iterator[list[Running]]:
    """Start the servers and wait until they listen; stop them at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(_run(server, stage)) for server in servers]


@contextmanager
def _run(server: Server, stage: Stage) -> Iterator[Running]:
    port = _free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SSLM_", "DATABASE_"))}
    environment = clean | {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    if server.product:
        environment |= stage.environment | {"SSLM_PORT": str(port)}
    log = stage.folder / f"server-{server.key}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            server.command(stage, port), cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _until_listening(process, port, server, log)
        yield Running(server, process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _until_listening(process: subprocess.Popen[bytes], port: int, server: Server, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise Missing(f"{server.title} did not start. It said:\n{said}")
