"""The TypeScript example, built and run like a client of somebody else's, against `sslm dev` as its users start it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "typescript"
START_SECONDS = 90
STOP_SECONDS = 30
LAST_LINE = re.compile(
    r"Done: (client-[0-9a-f]{8}\.example\.com) has a certificate until \S+; its private key never left this machine\."
)


@pytest.fixture
def npm() -> str:
    path = shutil.which("npm")
    if path is None and os.environ.get("CI"):
        pytest.fail("npm is not installed, and CI runs the TypeScript example.")
    if path is None:
        pytest.skip("npm is not installed: apt-get install nodejs npm")
    return path


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the database's own user can reach, unlike those of `tmp_path`; nothing is left elsewhere."""
    path = Path(tempfile.mkdtemp(prefix="sslm-example-"))
    path.chmod(0o755)
    yield path
    elsewhere = path / "postgres" / "ELSEWHERE"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text(encoding="utf-8").strip(), ignore_errors=True)
    shutil.rmtree(path)


@pytest.fixture
def platform(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("SSLM_")}
    with (folder / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("sslm"), "dev"],
            cwd=ROOT,
            env=own | {"SSLM_VAR": str(folder), "SSLM_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_SECONDS)


def wait_for_description(process: subprocess.Popen[bytes], folder: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "dev.json").exists():
        log = (folder / "dev.log").read_text(errors="replace")
        assert process.poll() is None, f"`sslm dev` ended by itself:\n{log}"
        assert time.monotonic() < deadline, f"`sslm dev` does not start:\n{log}"
        time.sleep(0.1)
    found: dict[str, str] = json.loads((folder / "dev.json").read_text())
    return found


def run(npm: str, *arguments: str, **settings: str) -> str:
    """Run npm in the example; what it printed is shown when it fails."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SSLM_")}
    done = subprocess.run(
        [npm, *arguments], cwd=EXAMPLE, env=own | settings, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"npm {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def processes_with(text: str) -> list[str]:
    """Command lines of running processes that name `text`: everything of a platform names its folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


def session_of(leader: int) -> list[int]:
    """Processes of the session that `leader` began, whatever their command lines say."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(path.name)) == leader:
                found.append(int(path.name))
        except ProcessLookupError:
            continue
    return found


@pytest.mark.timeout(600)
def test_example_orders_a_certificate_and_dev_stops_cleanly(
    npm: str, folder: Path, platform: subprocess.Popen[bytes]
) -> None:
    run(npm, "install", "--no-save")
    run(npm, "run", "codegen")
    run(npm, "run", "check")
    description = wait_for_description(platform, folder)

    told = run(npm, "start", SSLM_VAR=str(folder), SSLM_CERTIFICATES=str(folder / "certificates"))

    ending = LAST_LINE.fullmatch(told.rstrip().splitlines()[-1])
    assert ending is not None, told
    kept = folder / "certificates" / ending.group(1)
    assert (kept / "chain.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert (kept / "private_key.pem").stat().st_mode & 0o777 == 0o600
    assert description["password"] not in told
    assert session_of(platform.pid)

    platform.send_signal(signal.SIGTERM)

    assert platform.wait(STOP_SECONDS) == 0, (folder / "dev.log").read_text(errors="replace")
    assert session_of(platform.pid) == []
    assert processes_with(str(folder)) == []
