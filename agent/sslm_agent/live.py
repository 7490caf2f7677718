"""The versions of a certificate on this machine: `live/<name>/<serial>/`, and `current`, the one in use.

A version appears whole; `current` is switched in one step. Programs read `live/<name>/current/fullchain.pem`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sslm_agent.chain import Chain, Leaf, parse_chain
from sslm_agent.durable import make_folder, make_folder_whole, point_link, remove_file, remove_folder
from sslm_agent.errors import HomeUnsafe
from sslm_agent.home import Home
from sslm_agent.stored import Stored, store

PRIVATE_KEY_FILE = "privkey.pem"
FULL_CHAIN_FILE = "fullchain.pem"
_FACTS_FILE = "installation.json"
_CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Installation:
    """One certificate in use, as it is reported."""

    folder: str
    certificate_id: str
    target_name: str
    installed_at: str
    leaf: Leaf

    def reported(self) -> dict[str, object]:
        """Return the four facts a report holds about it."""
        return {
            "certificateId": self.certificate_id,
            "fingerprintSha256": self.leaf.fingerprint_sha256,
            "targetName": self.target_name,
            "installedAt": self.installed_at,
        }


def certificate_files(chain: Chain, private_key_pem: bytes) -> dict[str, bytes]:
    """Return the four files of a version."""
    return {
        PRIVATE_KEY_FILE: private_key_pem,
        FULL_CHAIN_FILE: chain.pem(),
        "cert.pem": chain.leaf_pem(),
        "chain.pem": chain.issuers_pem(),
    }


class LiveFolder:
    """All versions of one certificate."""

    def __init__(self, home: Home, folder: str) -> None:
        self.name = folder
        self.path = home.live / folder

    def current_serial(self) -> str | None:
        """Return the version in use, or None before the first."""
        try:
            return str((self.path / _CURRENT).readlink())
        except FileNotFoundError:
            return None

    def current_leaf(self) -> Leaf | None:
        """Return the certificate in use."""
        serial = self.current_serial()
        return None if serial is None else self.leaf(serial)

    def leaf(self, serial: str) -> Leaf:
        """Return the certificate of a version."""
        path = self.path / serial / "cert.pem"
        try:
            return parse_chain(path.read_bytes()).leaf
        except OSError as error:
            raise HomeUnsafe(
                f"{path} is missing ({error.strerror}). Nothing was done. Restore it from your backup."
            ) from error

    def files(self, serial: str) -> dict[str, bytes]:
        """Return the four files of a version as they are on the disk."""
        names = (PRIVATE_KEY_FILE, FULL_CHAIN_FILE, "cert.pem", "chain.pem")
        return {name: (self.path / serial / name).read_bytes() for name in names}

    def add(self, serial: str, files: dict[str, bytes]) -> None:
        """Store a version; one that is there already is kept when it is the same, else replaced."""
        if not self.path.is_dir():
            make_folder(self.path)
        if (self.path / serial).is_dir():
            if self._holds(serial, files):
                return
            remove_folder(self.path / serial)
        make_folder_whole(self.path / serial, files)

    def _holds(self, serial: str, files: dict[str, bytes]) -> bool:
        try:
            return self.files(serial) == files
        except OSError:
            return False

    def switch(self, serial: str | None) -> None:
        """Make a version the one in use; None takes the link away."""
        if serial is None:
            remove_file(self.path / _CURRENT)
        else:
            point_link(self.path / _CURRENT, serial)

    def note(self, serial: str, *, certificate_id: str, target_name: str, installed_at: str) -> None:
        """Remember what a report says about a version; the first time of installing stays."""
        path = self.path / serial / _FACTS_FILE
        if not path.exists():
            store(path, {"certificate_id": certificate_id, "target_name": target_name, "installed_at": installed_at})

    def installation(self) -> Installation | None:
        """Return the certificate in use, if its installation was completed."""
        serial = self.current_serial()
        if serial is None or not (self.path / serial / _FACTS_FILE).exists():
            return None
        stored = Stored(self.path / serial / _FACTS_FILE)
        return Installation(
            folder=self.name,
            certificate_id=stored.text("certificate_id"),
            target_name=stored.text("target_name"),
            installed_at=stored.text("installed_at"),
            leaf=self.leaf(serial),
        )


def installations(home: Home) -> list[Installation]:
    """Return every certificate in use, by folder."""
    folders = sorted(entry.name for entry in Path(home.live).iterdir() if not entry.name.startswith("."))
    found = (LiveFolder(home, folder).installation() for folder in folders)
    return [installation for installation in found if installation is not None]


def used_keys(home: Home) -> dict[str, list[str]]:
    """Return, for each public key hash, the versions that use it; the one in use is marked."""
    used: dict[str, list[str]] = {}
    for folder in sorted(entry for entry in Path(home.live).iterdir() if not entry.name.startswith(".")):
        live = LiveFolder(home, folder.name)
        current = live.current_serial()
        versions = (entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
        for serial in sorted(name for name in versions if not name.startswith(".")):
            text = f"{folder.name}/{serial}" + (" (in use)" if serial == current else "")
            used.setdefault(live.leaf(serial).public_key_sha256, []).append(text)
    return used
