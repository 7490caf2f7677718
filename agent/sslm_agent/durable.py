"""Files that survive a crash whole or not at all.

A file appears under its name only after its bytes and its permissions are on the disk: temporary file, fsync,
rename, fsync of the folder. No link is followed in the last step of a path. Leftovers are named `.tmp-…`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OWNER_FILE = 0o600
OWNER_FOLDER = 0o700
TEMPORARY = ".tmp-"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def temporary_name() -> str:
    """Return a name nobody else uses, which `remove_leftovers` recognises."""
    return TEMPORARY + secrets.token_hex(8)


@contextmanager
def open_folder(path: str | Path, *, inside: int | None = None) -> Iterator[int]:
    """Hold a folder open by descriptor, so that nobody can exchange it underneath; a link is refused."""
    descriptor = os.open(path, _FOLDER, dir_fd=inside)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_inside(
    folder: int, name: str, data: bytes, mode: int = OWNER_FILE, owner: tuple[int, int] | None = None
) -> None:
    """Write a file into an open folder; owner and mode are set before the first byte, whatever the umask says."""
    temporary = temporary_name()
    descriptor = os.open(temporary, _NEW_FILE, OWNER_FILE, dir_fd=folder)
    try:
        try:
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            _write_whole(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def _write_whole(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_file(path: Path, data: bytes, mode: int = OWNER_FILE) -> None:
    """Replace a file whole; after the return it is on the disk."""
    with open_folder(path.parent) as folder:
        write_inside(folder, path.name, data, mode)


def make_folder(path: Path) -> None:
    """Make one owner-only folder, whatever the umask says; it is on the disk after the return."""
    path.mkdir(OWNER_FOLDER)
    path.chmod(OWNER_FOLDER)
    sync_folder(path.parent)


def make_folder_whole(path: Path, files: dict[str, bytes]) -> None:
    """Make a folder that appears with all its files or not at all; an empty or missing one may be in its place."""
    temporary = path.with_name(temporary_name())
    make_folder(temporary)
    for name, data in files.items():
        write_file(temporary / name, data)
    temporary.replace(path)
    sync_folder(path.parent)


def point_link(link: Path, target: str) -> None:
    """Switch a symbolic link in one step: whoever opens it gets the old target or the new one."""
    temporary = link.with_name(temporary_name())
    temporary.symlink_to(target)
    temporary.replace(link)
    sync_folder(link.parent)


def remove_file(path: Path) -> None:
    """Remove a file or link if it is there; the removal is on the disk after the return."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Bring the entries of a folder to the disk."""
    with open_folder(path) as folder:
        os.fsync(folder)


def remove_folder(path: Path) -> None:
    """Take a folder away in one step, then delete what was in it; a crash in between leaves only a leftover."""
    if not path.is_dir():
        return
    temporary = path.with_name(temporary_name())
    path.replace(temporary)
    sync_folder(path.parent)
    delete_tree(temporary)


def delete_tree(path: Path) -> None:
    """Delete a folder of the agent's own; links are deleted, never followed."""
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            delete_tree(entry)
        else:
            entry.unlink()
    path.rmdir()


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed agent left behind; call only while holding the lock of the home."""
    for entry in list(folder.iterdir()):
        if entry.name.startswith(TEMPORARY):
            if entry.is_dir() and not entry.is_symlink():
                delete_tree(entry)
            else:
                entry.unlink()
        elif entry.is_dir() and not entry.is_symlink():
            remove_leftovers(entry)
