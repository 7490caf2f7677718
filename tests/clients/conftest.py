"""Other people's clients and suites, run against the platform behind a real server on a free port."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.server import Server, _config
from tests.integration.conftest import cluster
from tests.support.database import Cluster
from tests.support.platform import Site, site
from tests.support.tenants import Tenant, tenant

__all__ = ["cluster"]
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OLDEST_NODE = 20
INSTALL_SECONDS = 300
PATIENCE = 120.0


@dataclass(frozen=True)
class Served:
    """The platform, where it listens, and a holder with a token that may do everything of theirs."""

    site: Site
    port: int
    alice: Tenant

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"


@dataclass(frozen=True)
class Node:
    """Node from the system's packages, with the pinned packages of this folder."""

    path: str

    async def run(self, script: str, *arguments: str, **environment: str) -> Any:
        """Run a script of `scripts/`; return the JSON it printed. What it complained of is shown when it fails."""
        process = await asyncio.create_subprocess_exec(
            self.path,
            str(HERE / "scripts" / script),
            *arguments,
            cwd=HERE,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, complaints = await asyncio.wait_for(process.communicate(), PATIENCE)
        except TimeoutError:
            process.kill()
            raise
        said = b"\n".join((complaints, out)).decode(errors="replace")
        assert process.returncode == 0, f"{script}: {said}"
        return json.loads(out)


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{why}, and CI runs the suites of clients.")
    pytest.skip(f"{why}: apt-get install nodejs npm")


@pytest.fixture(scope="session")
def node() -> Node:
    """Give Node, after installing what is pinned; once for each state of the lock file."""
    path, npm = shutil.which("node"), shutil.which("npm")
    if path is None or npm is None:
        _missing("Node is not installed")
        raise AssertionError
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        _missing(f"Node {version} is older than {OLDEST_NODE}")
    with _alone():
        wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
        mark = HERE / "node_modules" / ".lock-sha256"
        if not mark.exists() or mark.read_text() != wanted:
            subprocess.run([npm, "ci"], cwd=HERE, check=True, capture_output=True, timeout=INSTALL_SECONDS)
            mark.write_text(wanted)
    return Node(path)


class _alone:  # noqa: N801 - read like a word
    """Hold off the other processes of a test run."""

    def __enter__(self) -> None:
        self._file = (HERE / "package-lock.json").open("rb")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Give a folder from which the packages of this folder are found."""
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    return tmp_path


@pytest.fixture(scope="package")
async def served(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Serve a platform in this loop as `api.server` does it; a holder may spend as much as the suites need."""
    quota = {"SSLM_QUOTA_HOLDER": "1000000000/1000000", "SSLM_QUOTA_ANONYMOUS": "1000000000/1000000"}
    async with site(cluster, tmp_path_factory.mktemp("clients"), **quota) as running:
        alice = await tenant(running, "canaryalice")
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(_config(running.core.settings, running.app))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells of it by an attribute alone
            await asyncio.sleep(0.01)
        yield Served(running, listening.getsockname()[1], alice)
        server.should_exit = True
        await task
        listening.close()
