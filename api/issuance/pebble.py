"""A real certificate authority on this machine: Pebble and its challenge server, for `make dev`, the demo and tests.

The rule: everything listens on 127.0.0.1 alone, with throw-away TLS files and free ports, and ends with its owner.
Pebble deadlocks under many concurrent clients: give each instance at most `CLIENTS_LIMIT` and always use timeouts.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from api.issuance.authority import CaDescription
from api.issuance.pebble_challenges import ChallengeServer
from api.issuance.throwaway_tls import write_throwaway_tls
from governance.clock import SystemClock

CLIENTS_LIMIT: Final = 2
START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 5.0
START_TRIES: Final = 3
INSTALL_COMMAND: Final = "apt-get install -y pebble"

_LOOPBACK: Final = "127.0.0.1"


class PebbleUnavailable(RuntimeError):
    """Pebble is not installed, or did not start; the message says what to do, the log file says why."""


@dataclass(frozen=True, slots=True)
class PebbleOptions:
    """How this authority behaves. Validation is real always; `PEBBLE_VA_ALWAYS_VALID` is never set."""

    nonce_reject_percent: int = 0
    authorization_reuse_percent: int = 0
    chain_length: int = 1
    alternate_roots: int = 0
    validity_seconds: int = 7_776_000
    blocked_names: tuple[str, ...] = ()
    http_port: int | None = None
    """Where http-01 is looked for; None takes a free port."""
    answers_http: bool = True
    """The challenge server answers http-01 itself; False leaves the port to somebody else, such as the agent."""


class Pebble:
    """One running authority. A context manager; `start` and `stop` for whoever owns it otherwise."""

    def __init__(self, options: PebbleOptions | None = None, *, folder: Path | None = None) -> None:
        self.options = options or PebbleOptions()
        self._is_temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="pebble-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._files = ExitStack()
        self._ports: dict[str, int] = {}

    @property
    def directory_url(self) -> str:
        """Where the ACME directory is."""
        return f"https://{_LOOPBACK}:{self._ports['acme']}/dir"

    @property
    def management_url(self) -> str:
        """Where `/roots/0` and `/cert-status-by-serial/…` are."""
        return f"https://{_LOOPBACK}:{self._ports['management']}"

    @property
    def root_path(self) -> Path:
        """PEM of the root that signed Pebble's own TLS certificate (not the issuing root)."""
        return self.folder / "tls-root.pem"

    @property
    def log_path(self) -> Path:
        """What both programs printed."""
        return self.folder / "pebble.log"

    @property
    def http_port(self) -> int:
        """The port on which http-01 is looked for."""
        return self._ports["http"]

    @property
    def challenges(self) -> ChallengeServer:
        """Place values and records."""
        return ChallengeServer(_LOOPBACK, self._ports["challenges"])

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes this object started and ends."""
        return tuple(process.pid for process in self._processes)

    @property
    def is_running(self) -> bool:
        """Both programs run; a watchdog restarts the instance when not, or when requests time out."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes)

    def description(self, *, in_flight: int = CLIENTS_LIMIT, timeout_seconds: float = 20.0) -> CaDescription:
        """Describe this authority for `AcmeAuthority`."""
        return CaDescription(
            "Pebble", self.directory_url, self.root_path, in_flight=in_flight, timeout_seconds=timeout_seconds
        )

    def start(self) -> Self:
        """Start and wait until the directory answers; raise `PebbleUnavailable` after three tries."""
        for _ in range(START_TRIES):
            self._launch()
            if self._is_ready(time.monotonic() + START_SECONDS):
                return self
            self._end()
        raise PebbleUnavailable(f"Pebble did not start; see {self.log_path}")

    def stop(self) -> None:
        """End both programs, by force if need be, and remove a temporary folder. Certificates and accounts are gone."""
        self._end()
        if self._is_temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        self._files.close()

    def get(self, path: str) -> bytes:
        """GET from the management interface."""
        context = ssl.create_default_context(cafile=self.root_path)
        connection = HTTPSConnection(_LOOPBACK, self._ports["management"], timeout=START_SECONDS, context=context)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        self._ports = _free_ports("acme", "management", "http", "tls", "dns", "challenges")
        if self.options.http_port is not None:
            self._ports["http"] = self.options.http_port
        self.folder.mkdir(parents=True, exist_ok=True)
        write_throwaway_tls(self.folder, SystemClock().now())
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": self._config()}))
        log = self._files.enter_context(self.log_path.open("ab"))
        dns = f"{_LOOPBACK}:{self._ports['dns']}"
        http = f"{_LOOPBACK}:{self._ports['http']}" if self.options.answers_http else ""
        self._run(
            log, "pebble-challtestsrv", "-dns01", dns, "-http01", http, "-https01", "", "-tlsalpn01", "",
            "-management", f"{_LOOPBACK}:{self._ports['challenges']}", "-defaultIPv4", _LOOPBACK, "-defaultIPv6", "",
        )  # fmt: skip
        self._run(log, "pebble", "-config", str(config), "-dnsserver", dns, "-strict")

    def _run(self, log: IO[bytes], program: str, *arguments: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise PebbleUnavailable(f"{program} is not installed. Type: {INSTALL_COMMAND}")
        self._processes.append(
            subprocess.Popen(  # noqa: S603 - fixed programs, no shell
                [path, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment()
            )
        )

    def _config(self) -> dict[str, object]:
        return {
            "listenAddress": f"{_LOOPBACK}:{self._ports['acme']}",
            "managementListenAddress": f"{_LOOPBACK}:{self._ports['management']}",
            "certificate": str(self.folder / "tls.pem"),
            "privateKey": str(self.folder / "tls.key"),
            "httpPort": self._ports["http"],
            "tlsPort": self._ports["tls"],
            "certificateValidityPeriod": self.options.validity_seconds,
            "domainBlocklist": list(self.options.blocked_names),
        }

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": str(self.options.nonce_reject_percent),
            "PEBBLE_AUTHZREUSE": str(self.options.authorization_reuse_percent),
            "PEBBLE_CHAIN_LENGTH": str(self.options.chain_length),
            "PEBBLE_ALTERNATE_ROOTS": str(self.options.alternate_roots),
        }

    def _is_ready(self, deadline: float) -> bool:
        while time.monotonic() < deadline and self.is_running:
            try:
                if self.get("/roots/0") and self.challenges.is_ready():
                    return True
            except (OSError, HTTPException):
                pass
            time.sleep(0.05)
        return False


def _free_ports(*names: str) -> dict[str, int]:
    """Reserve free ports together, so that none is given twice."""
    with ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in names}
        for reserved in sockets.values():
            reserved.bind((_LOOPBACK, 0))
        return {name: reserved.getsockname()[1] for name, reserved in sockets.items()}
