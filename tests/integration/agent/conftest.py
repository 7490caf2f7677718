"""The agent's command as a sub-process, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.agent.loopback_platform import HOLDER_SECRET, Platform, running

Run = Callable[..., subprocess.CompletedProcess[str]]
AGENT = Path(__file__).parents[3] / "agent"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home: Path) -> Run:
    def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "sslm_agent", *words],
            env=inherited | {"PYTHONPATH": str(AGENT), "SSLM_AGENT_HOME": str(home), "COLUMNS": "200"} | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running(Platform()) as started:
        yield started


@pytest.fixture
def enrolled(run: Run, platform: Platform) -> Run:
    done = run("enrol", "--server", platform.url, SSLM_API_TOKEN=HOLDER_SECRET)
    assert done.returncode == 0, done.stderr
    return run
