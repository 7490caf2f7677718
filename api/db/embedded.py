"""The embedded PostgreSQL: started or found by its folder, stopped when its last user leaves.

Each process that uses the server holds a shared lock on a file in its folder; the operating system drops the lock even
after kill -9. One rule: only a process that gains that lock alone may stop the server.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from api.db.placement import SOCKET_FILE, DatabaseUnavailable, Placement, place

logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 30
ANSWER_SECONDS = 10
START_ATTEMPTS = 5
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""The one message of PostgreSQL's protocol that is answered before anybody says who they are."""

SETTINGS = {
    # An acknowledged write survives a power cut; start-up refuses a server without these three.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # API, workers, listeners and test workers share one server; an idle connection costs about 2 MB.
    "max_connections": "200",
    # Twice the default: the hot indexes of a million certificates stay in memory on a small machine.
    "shared_buffers": "256MB",
    # What the planner may assume the operating system caches beside that.
    "effective_cache_size": "1GB",
    # Sorts of ordinary pages stay in memory; more would multiply by connections.
    "work_mem": "8MB",
    # Index builds in migrations and vacuum.
    "maintenance_work_mem": "128MB",
    # Compiling a short query costs more than running it.
    "jit": "off",
    # Solid-state disks: a random page costs about as much as the next one.
    "random_page_cost": "1.1",
    # Checkpoints spread out, so that steady writing does not stall readers.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Short-lived rows (sessions, jobs, pending audit entries) are vacuumed before they slow scans down.
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_naptime": "20s",
    # Only the socket in the private folder; no port is opened.
    "listen_addresses": "''",
    # The server's own log never repeats a statement, a value or the detail of an error: they hold personal data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
"""Written to `sslm.conf` before every start and included by `postgresql.conf`. What an operator sets by ALTER SYSTEM
is read later and wins."""


class EmbeddedServer:
    """A running server and this process's place among its users. A context manager; leaving it calls `stop`."""

    def __init__(self, placement: Placement, users_file: int) -> None:
        self.placement = placement
        self._users_file: int | None = users_file

    @property
    def superuser_url(self) -> str:
        """A libpq URL of the superuser. It works for this user of the operating system alone (and for root)."""
        folder = quote(str(self.placement.socket_folder), safe="/")
        return f"postgresql://{SUPERUSER}@/postgres?host={folder}&port=5432"

    def stop(self) -> None:
        """Leave the server; stop it when nobody else uses it. May be called twice.

        Clients still connected are disconnected, their open transactions rolled back; nothing committed is lost.
        """
        users_file, self._users_file = self._users_file, None
        if users_file is None:
            return
        with _turn(self.placement.folder):
            try:
                _stop_if_alone(self.placement, users_file)
            finally:
                os.close(users_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(folder: Path) -> EmbeddedServer:
    """Find or start the server of `folder`; make its data first where there is none.

    Blocks for about a second the first time and a tenth of that later. Raises `DatabaseUnavailable`.
    """
    with _turn(place(folder).folder):
        placement = place(folder)  # again: whoever left last meanwhile took the socket's folder along
        if not (placement.data / "PG_VERSION").exists():
            _make_data(placement)
        if not _answers(placement):
            _start_program(placement)
        users_file = os.open(placement.folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users_file, fcntl.LOCK_SH)
    return EmbeddedServer(placement, users_file)


def stop_if_unused(folder: Path) -> bool:
    """Stop a server that a killed process left running in `folder`; say whether nothing runs there now."""
    placement = place(folder)
    with _turn(placement.folder):
        users_file = os.open(placement.folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            return _stop_if_alone(placement, users_file)
        finally:
            os.close(users_file)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Let one process at a time decide whether the server of `folder` starts or stops."""
    try:
        lock = os.open(folder / "turn.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise DatabaseUnavailable(
            f"The database in {folder} belongs to another user of this machine, so it was not touched. Start as that "
            "user, or choose another folder."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _stop_if_alone(placement: Placement, users_file: int) -> bool:
    try:
        fcntl.flock(users_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if _answers(placement):
        _run(placement, "pg_ctl", "-D", placement.data.name, "-m", "fast", "-w", "-t", str(STOP_SECONDS), "stop")
    if placement.socket_folder != placement.data:
        shutil.rmtree(placement.socket_folder, ignore_errors=True)
    return True


def _answers(placement: Placement) -> bool:
    """Ask on the socket whether a server lives: a process id alone may be somebody else's after a reboot."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(ANSWER_SECONDS)
        try:
            probe.connect(str(placement.socket_folder / SOCKET_FILE))
            probe.sendall(SSL_REQUEST)
            return probe.recv(1) in {b"S", b"N"}
        except OSError:
            return False


def _make_data(placement: Placement) -> None:
    """Run `initdb` beside the final place and move the result there, so that an interrupted run leaves no half."""
    unfinished = placement.folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={SUPERUSER}", "--data-checksums")
    _run(placement, "initdb", *options, "-D", unfinished.name)
    with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude_if_exists = 'sslm.conf'\n")
    unfinished.rename(placement.data)


def _start_program(placement: Placement) -> None:
    lines = [f"{name} = {value}" for name, value in SETTINGS.items()]
    lines += [f"unix_socket_directories = '{placement.socket_folder}'", "port = 5432"]
    settings = placement.data / "sslm.conf"
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings.chmod(0o644)
    log = placement.folder / "server.log"
    options = ("-w", "-t", str(START_SECONDS), "-l", log.name, "-D", placement.data.name)
    for attempt in range(START_ATTEMPTS):
        try:
            _run(placement, "pg_ctl", *options, "start", log=log)
        except DatabaseUnavailable:
            # The children of a killed server hold its memory for a moment longer.
            if attempt == START_ATTEMPTS - 1:
                raise
            time.sleep(1)
        else:
            return


def _run(placement: Placement, program: str, *arguments: str, log: Path | None = None) -> None:
    """Run one of PostgreSQL's programs as the server's user, without the PG* variables of whoever started us.

    In the server's folder and with names relative to it: `pg_ctl` hands them to a shell.
    """
    user = placement.run_as
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    environment["LC_ALL"] = "C"
    done = subprocess.run(  # noqa: S603 - our own programs, no shell
        [str(placement.programs / program), *arguments],
        cwd=placement.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        umask=0o077,
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip() if done.stdout else ""
        if log is not None and log.exists():
            said = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise DatabaseUnavailable(f"PostgreSQL's {program} failed; the data was left as it was. It said:\n{said}")
