"""Copies of the certificate where the user wants them, with what was there before kept for going back.

Each file is replaced whole; a link in its place is replaced, not followed. The previous files are stored in the
agent's own folder before the first one changes.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sslm_agent.durable import OWNER_FILE, make_folder_whole, open_folder, write_inside
from sslm_agent.errors import InvalidChoice
from sslm_agent.live import PRIVATE_KEY_FILE

_READABLE_FILE = 0o644
_ACCESS_FILE = "access.json"


class Target:
    """One folder that receives the four files."""

    def __init__(self, path: Path, backup: Path) -> None:
        self.path = path
        self._backup = backup

    def check(self) -> None:
        """Refuse a folder in which strangers could replace the private key."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise _refusal(self.path, error.strerror or "unreadable") from error
        if not stat.S_ISDIR(status.st_mode):
            raise _refusal(self.path, "it is not a folder")
        if status.st_mode & stat.S_IWOTH:
            raise _refusal(self.path, "everybody may write into it")
        if status.st_uid not in {0, os.geteuid()}:
            raise _refusal(self.path, "it belongs to another user")

    def keep_previous(self, names: tuple[str, ...]) -> None:
        """Store what is there now, once for an order; a resumed run keeps what the first one stored."""
        if self._backup.is_dir():
            return
        kept: dict[str, bytes] = {}
        access: dict[str, list[int]] = {}
        with open_folder(self.path.resolve()) as folder:
            for name in names:
                found = _read_inside(folder, name)
                if found is not None:
                    kept[name], access[name] = found
        make_folder_whole(self._backup, kept | {_ACCESS_FILE: json.dumps(access).encode()})

    def write(self, files: Mapping[str, bytes]) -> None:
        """Replace the files; the private key stays owner-only."""
        with open_folder(self.path.resolve()) as folder:
            for name, data in files.items():
                write_inside(folder, name, data, OWNER_FILE if name == PRIVATE_KEY_FILE else _READABLE_FILE)

    def restore(self, names: tuple[str, ...]) -> None:
        """Put back what was there before, owner and mode included; what was not there before is removed."""
        if not self._backup.is_dir():
            return
        access: dict[str, list[int]] = json.loads((self._backup / _ACCESS_FILE).read_bytes())
        with open_folder(self.path.resolve()) as folder:
            for name in names:
                if name in access:
                    mode, user, group = access[name]
                    write_inside(folder, name, (self._backup / name).read_bytes(), mode, (user, group))
                else:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=folder)
            os.fsync(folder)


def _read_inside(folder: int, name: str) -> tuple[bytes, list[int]] | None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        return file.read(), [stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid]


def _refusal(path: Path, reason: str) -> InvalidChoice:
    return InvalidChoice(
        f"{path} cannot receive a certificate: {reason}. Nothing was installed there. "
        "Correct the folder or --install-dir."
    )
