"""http-01 by files in the folder a running web server serves.

One rule: below the folder the user named no symbolic link is followed, so whoever owns that folder cannot steer the
agent's writing elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sslm_agent.challenges import HTTP_01, DnsChallenge, HttpChallenge
from sslm_agent.durable import open_folder, write_inside
from sslm_agent.errors import PlacementFailed

_READABLE_FILE = 0o644
_READABLE_FOLDER = 0o755


class Webroot:
    """Places challenge files under `.well-known/acme-challenge`, readable for the web server."""

    challenge_type = HTTP_01

    def __init__(self, root: Path) -> None:
        self._root = root
        self._placed: set[str] = set()

    def place(self, challenges: tuple[HttpChallenge | DnsChallenge, ...], *, validating: bool) -> None:
        """Write the files; the same again changes nothing."""
        del validating
        with self._challenge_folder() as folder:
            for challenge in challenges:
                if isinstance(challenge, HttpChallenge):
                    self._placed.add(challenge.challenge_token)
                    write_inside(folder, challenge.challenge_token, challenge.content.encode(), _READABLE_FILE)

    def remove(self) -> None:
        """Delete the files this run placed."""
        if not self._placed:
            return
        with self._challenge_folder() as folder:
            for name in self._placed:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
        self._placed.clear()

    @contextmanager
    def _challenge_folder(self) -> Iterator[int]:
        try:
            with (
                open_folder(self._root.resolve(strict=True)) as root,
                _sub_folder(root, ".well-known") as well_known,
                _sub_folder(well_known, "acme-challenge") as folder,
            ):
                yield folder
        except OSError as error:
            raise PlacementFailed(
                f"The challenge cannot be placed under {self._root}: {error.strerror}. Nothing was confirmed. "
                "Name the real folder the web server serves by --webroot (links below it are not followed)."
            ) from error


@contextmanager
def _sub_folder(parent: int, name: str) -> Iterator[int]:
    try:
        os.mkdir(name, _READABLE_FOLDER, dir_fd=parent)
    except FileExistsError:
        made = False
    else:
        made = True
    with open_folder(name, inside=parent) as folder:
        if made:
            os.fchmod(folder, _READABLE_FOLDER)
        yield folder
