"""The embedded server is found, shared, left and stopped as its module promises."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from api.db import embedded, placement
from tests.support.database import RUN_FOLDERS

HOLD = """
import sys, time
from pathlib import Path
from api.db import embedded
server = embedded.start(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    RUN_FOLDERS.mkdir(mode=0o755, exist_ok=True)
    above = Path(tempfile.mkdtemp(dir=RUN_FOLDERS))
    above.chmod(0o755)
    yield above / "postgres"
    embedded.stop_if_unused(above / "postgres")
    shutil.rmtree(above)


def another_process(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


def wait_until_silent(server: embedded.EmbeddedServer) -> None:
    while embedded._answers(server.placement):
        time.sleep(0.05)


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_rows_outlive_a_stop(folder: Path) -> None:
    with embedded.start(folder) as server:
        await ask(server.superuser_url, "create table kept as select 7 as number")
    with pytest.raises(OSError, match=r"\.s\.PGSQL|No such file|refused"):
        await asyncpg.connect(server.superuser_url)
    with embedded.start(folder) as server:
        assert await ask(server.superuser_url, "select number from kept") == 7


async def test_the_last_to_leave_stops_the_server(folder: Path) -> None:
    first = another_process(folder)
    server = embedded.start(folder)
    started = await ask(server.superuser_url, "select pg_postmaster_start_time()")
    leave(first)
    assert await ask(server.superuser_url, "select pg_postmaster_start_time()") == started
    server.stop()
    server.stop()
    with pytest.raises(OSError, match=r"\.s\.PGSQL|No such file|refused"):
        await asyncpg.connect(server.superuser_url)


async def test_a_killed_process_leaves_the_server_to_the_next(folder: Path) -> None:
    first = another_process(folder)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    with embedded.start(folder) as server:
        await ask(server.superuser_url, "select 1")
    assert embedded.stop_if_unused(folder)


async def test_a_killed_server_is_started_again_with_its_rows(folder: Path) -> None:
    with embedded.start(folder) as server:
        await ask(server.superuser_url, "create table kept as select 7 as number")
        process = int((server.placement.data / "postmaster.pid").read_text().split()[0])
        os.kill(process, signal.SIGKILL)
        wait_until_silent(server)
        with embedded.start(folder) as again:
            assert await ask(again.superuser_url, "select number from kept") == 7


def test_a_used_server_is_not_stopped_from_outside(folder: Path) -> None:
    with embedded.start(folder):
        assert not embedded.stop_if_unused(folder)


async def test_every_setting_holds_and_the_operators_word_wins(folder: Path) -> None:
    with embedded.start(folder) as server:
        for name, wanted in embedded.SETTINGS.items():
            assert await ask(server.superuser_url, f"select current_setting('{name}')") == wanted.strip("'")
        assert await ask(server.superuser_url, "select count(*) from pg_file_settings where error is not null") == 0
        await ask(server.superuser_url, "alter system set work_mem = '5MB'")
    with embedded.start(folder) as server:
        assert await ask(server.superuser_url, "show work_mem") == "5MB"


async def test_the_servers_log_repeats_no_value(folder: Path) -> None:
    with embedded.start(folder) as server:
        connection = await asyncpg.connect(server.superuser_url)
        await connection.execute("create table holder (email text primary key)")
        await connection.execute("insert into holder values ('canary@example.com')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("insert into holder values ('canary@example.com')")
        await connection.close()
        log = (server.placement.folder / "server.log").read_text()
    assert "holder_pkey" in log
    assert "canary" not in log


async def test_a_path_too_long_for_a_socket_is_coped_with(folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    with embedded.start(deep) as server:
        assert len(str(server.placement.socket_folder)) < placement.LONGEST_SOCKET_PATH
        assert await ask(server.superuser_url, "select 1") == 1
    assert not server.placement.socket_folder.exists()


async def test_a_path_with_odd_characters_is_coped_with(folder: Path) -> None:
    with embedded.start(folder.parent / 'it\'s, a "folder" & 100%') as server:
        assert await ask(server.superuser_url, "select 1") == 1


async def test_a_private_folder_stays_private(folder: Path) -> None:
    """Root's server cannot look into a private home: it lives elsewhere, and nothing above is opened for it."""
    private = folder.parent / "home"
    private.mkdir(mode=0o700)
    wanted = private / "project" / "var" / "postgres"
    with embedded.start(wanted) as server:
        assert await ask(server.superuser_url, "select 1") == 1
        assert private.stat().st_mode & 0o777 == 0o700
        if os.geteuid() == 0:
            assert (wanted / "ELSEWHERE").read_text().strip() == str(server.placement.folder)
            assert not server.placement.folder.is_relative_to(private)
        assert server.placement.folder == placement.place(wanted).folder
    if os.geteuid() == 0:
        shutil.rmtree(server.placement.folder)


def test_an_unfinished_first_start_is_repeated(folder: Path) -> None:
    unfinished = folder / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    with embedded.start(folder):
        assert not unfinished.exists()


def test_programs_in_a_private_folder_are_copied_for_roots_server(folder: Path) -> None:
    """A checkout below a private home: its `.venv` is as unreachable as its data."""
    packages = placement._wheel_programs().parents[2]
    private = folder.parent / "home"
    private.mkdir(mode=0o700)
    installation = Path(placement.WHEEL) / placement.INSTALLATION
    shutil.copytree(packages / installation, private / installation, symlinks=True)
    shutil.copytree(packages / f"{placement.WHEEL}.libs", private / f"{placement.WHEEL}.libs")
    (private / placement.WHEEL / "__init__.py").touch()
    reachable = folder.parent / "reachable"
    reachable.mkdir(mode=0o755)
    code = (
        "import sys; from pathlib import Path; from api.db import embedded, placement\n"
        "placement.REACHABLE_ROOTS = (Path(sys.argv[2]),)\n"
        "with embedded.start(Path(sys.argv[1])) as server: print(server.placement.programs)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(reachable)],
        env={**os.environ, "PYTHONPATH": f"{private}{os.pathsep}{Path.cwd()}"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = reachable if os.geteuid() == 0 else private
    assert Path(done.stdout.strip().splitlines()[-1]).is_relative_to(expected)
