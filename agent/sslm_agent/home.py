"""The one folder the user chose: everything the agent keeps lives here and nobody else may read it.

    config.json  credentials.json  server-ca.pem      who we are and whom we trust
    keys/<public key hash>/                           private_key.pem, request.pem, key.json
    orders/<name>/                                    order.json and what a resume needs
    live/<name>/<serial>/ and live/<name>/current     versions, and the link to the one in use

Owner and permissions of every entry are checked at every start.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sslm_agent.clock import Clock
from sslm_agent.durable import make_folder, remove_leftovers
from sslm_agent.errors import HomeBusy, HomeUnsafe, NotEnrolled

_FOLDERS = ("keys", "orders", "live")
_LOCK = "lock"
_LOCK_PATIENCE = 60.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def default_home() -> Path:
    """Return the folder used when none is chosen: of the machine for root, of the user for everybody else."""
    return Path("/etc/sslm-agent") if os.geteuid() == 0 else Path("~/.sslm-agent").expanduser()


class Home:
    """A checked folder. Make one with `create` or `open`; both refuse a folder that is not ours alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.credentials = path / "credentials.json"
        self.server_ca = path / "server-ca.pem"
        self.keys = path / "keys"
        self.orders = path / "orders"
        self.live = path / "live"

    @classmethod
    def create(cls, path: Path) -> Home:
        """Make the folder if it is missing; an existing one must be ours already."""
        path = Path(os.path.abspath(path))  # noqa: PTH100 - a link in the last part must be seen, not followed
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(path):
                make_folder(path)
            home = cls.open(path)
            for name in _FOLDERS:
                if not (path / name).is_dir():
                    make_folder(path / name)
        except OSError as error:
            raise HomeUnsafe(
                f"The folder {path} cannot be made: {error.strerror}. Nothing was stored. Choose another by --home."
            ) from error
        return home

    @classmethod
    def open(cls, path: Path) -> Home:
        """Check owner, permissions and links of the folder and everything in it."""
        path = Path(os.path.abspath(path))  # noqa: PTH100 - as above
        if not os.path.lexists(path):
            raise NotEnrolled(
                f"There is no agent in {path}. Nothing was done. "
                "Run `sslm-agent enrol --server URL` first, or name the folder by --home."
            )
        try:
            _check_entry(path, path)
        except OSError as error:
            raise HomeUnsafe(f"The folder {path} cannot be read: {error.strerror}. Nothing was done.") from error
        return cls(path)

    @contextmanager
    def lock(self, clock: Clock) -> Iterator[None]:
        """Be the only agent that changes this folder. The lock ends with the process, so a kill leaves none behind."""
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            _wait_for_lock(descriptor, clock, self.path)
            remove_leftovers(self.path)
            yield
        finally:
            os.close(descriptor)


def _wait_for_lock(descriptor: int, clock: Clock, path: Path) -> None:
    begun = clock.elapsed()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.elapsed() - begun > _LOCK_PATIENCE:
                raise HomeBusy(
                    f"Another sslm-agent works in {path}. Nothing was done. Wait for it to end, then run this again."
                ) from None
            clock.pause(0.2)
        else:
            return


def _check_entry(path: Path, home: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        _check_link(path, home)
        return
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        raise HomeUnsafe(
            f"{path} is neither a file nor a folder. Nothing was done. Remove it if you did not put it there."
        )
    if status.st_uid != os.geteuid():
        raise HomeUnsafe(f"{path} belongs to another user. Nothing was done. Run the agent as the owner of its folder.")
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise HomeUnsafe(f"{path} has a second name elsewhere (a hard link). Nothing was done. Find and remove it.")
    if status.st_mode & _OTHERS:
        raise HomeUnsafe(
            f"Others may reach {path}. Nothing was done. "
            f"Run `chmod -R go= {home}`; if others may have read a private key in it, revoke its certificate."
        )
    if stat.S_ISDIR(status.st_mode):
        for entry in path.iterdir():
            with suppress(FileNotFoundError):  # another agent at work in the same folder took it away meanwhile
                _check_entry(entry, home)


def _check_link(path: Path, home: Path) -> None:
    """Only `live/<name>/current`, pointing beside itself, may be a link."""
    target = str(path.readlink())
    ours = path.parent.parent == home / "live" and "/" not in target and target not in {"", ".", ".."}
    if not ours:
        raise HomeUnsafe(f"{path} is a symbolic link. Nothing was done. Give the real folder, or remove the link.")
