from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sslm_agent.chain import parse_chain
from sslm_agent.commands import run_command, split_command
from sslm_agent.errors import CertificateRefused, InstallationFailed, InvalidChoice
from sslm_agent.home import Home
from sslm_agent.install import Installer, InstallPlan
from sslm_agent.live import Installation, LiveFolder

from tests.unit.agent.authority import TODAY, authority
from tests.unit.agent.conftest import StandingClock

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
FILES = ("cert.pem", "chain.pem", "fullchain.pem", "privkey.pem")
Install = Callable[..., Installation]


@pytest.fixture
def live(home: Home) -> LiveFolder:
    return LiveFolder(home, "example.com")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir(mode=0o755)
    return folder


@pytest.fixture
def install(home: Home, live: LiveFolder, clock: StandingClock) -> Install:
    def call(secret: bytes = b"KEY 1", *, days_old: int = 0, order: str = "order-1", **plan: object) -> Installation:
        memory = home.orders / order
        memory.mkdir(mode=0o700, exist_ok=True)
        chain = parse_chain(
            authority().issue(KEY, ["example.com"], not_before=TODAY - timedelta(days=days_old, hours=1))
        )
        installer = Installer(live, InstallPlan(**plan), memory, clock)  # type: ignore[arg-type]
        return installer.install(chain, secret, certificate_id="c", target_name="example.com")

    return call


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in sorted(folder.iterdir())}


def test_a_version_is_owner_only_and_current_under_any_umask(
    install: Install, live: LiveFolder, target: Path, hostile_umask: int
) -> None:
    installation = install(install_dir=target)
    version = live.path / installation.leaf.serial
    assert sorted(path.name for path in version.iterdir()) == sorted([*FILES, "installation.json"])
    assert {stat.S_IMODE(path.stat().st_mode) for path in version.iterdir()} == {0o600}
    assert str((live.path / "current").readlink()) == installation.leaf.serial
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()}
    assert modes == dict.fromkeys(FILES, 0o644) | {"privkey.pem": 0o600}


def test_a_failed_reload_restores_the_previous_version_everywhere(
    install: Install, live: LiveFolder, target: Path, tmp_path: Path
) -> None:
    first = install(install_dir=target)
    (target / "privkey.pem").chmod(0o640)
    before = snapshot(target)
    log = tmp_path / "log"
    script = tmp_path / "reload.sh"
    script.write_text(
        f'#!/bin/sh\ncat {target}/privkey.pem >> {log}; echo >> {log}\ngrep -q "KEY 1" {target}/privkey.pem\n'
    )
    script.chmod(0o755)

    with pytest.raises(InstallationFailed, match="previous state was loaded again"):
        install(b"KEY 2", order="order-2", install_dir=target, reload_command=(str(script),))

    assert str((live.path / "current").readlink()) == first.leaf.serial
    assert snapshot(target) == before
    assert log.read_text().split("\n") == ["KEY 2", "KEY 1", ""]
    assert live.installation() == first


def test_a_failed_first_installation_leaves_nothing_in_use(install: Install, live: LiveFolder, target: Path) -> None:
    (target / "fullchain.pem").write_text("self-made")
    with pytest.raises(InstallationFailed, match="failed with the previous state too"):
        install(install_dir=target, reload_command=("false",))
    assert live.current_serial() is None
    assert live.installation() is None
    assert {path.name: path.read_text() for path in target.iterdir()} == {"fullchain.pem": "self-made"}


def test_a_reload_that_cannot_start_is_a_failure(install: Install, live: LiveFolder) -> None:
    with pytest.raises(InstallationFailed, match="could not be started"):
        install(reload_command=("/nonexistent/command",))
    assert live.current_serial() is None


def test_a_target_that_vanishes_midway_is_rolled_back(install: Install, live: LiveFolder, target: Path) -> None:
    first = install(install_dir=target)
    (target / "cert.pem").unlink()
    (target / "cert.pem").mkdir()
    (target / "cert.pem" / "in-the-way").touch()
    with pytest.raises(OSError, match="directory"):
        install(b"KEY 2", order="order-2", install_dir=target)
    assert str((live.path / "current").readlink()) == first.leaf.serial


def test_an_older_certificate_changes_nothing(install: Install, live: LiveFolder, target: Path) -> None:
    first = install(install_dir=target)
    before = snapshot(target)
    with pytest.raises(CertificateRefused, match="newer"):
        install(b"KEY 2", days_old=3, order="order-2", install_dir=target)
    assert (str((live.path / "current").readlink()), snapshot(target)) == (first.leaf.serial, before)
    assert not (live.path / "KEY 2").exists()


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o757])
def test_a_folder_everybody_may_write_receives_no_key(
    install: Install, live: LiveFolder, target: Path, mode: int
) -> None:
    target.chmod(mode)
    with pytest.raises(InvalidChoice, match="everybody"):
        install(install_dir=target)
    assert list(target.iterdir()) == []
    assert live.current_serial() is None


def test_a_link_in_the_target_is_replaced_not_followed(install: Install, target: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("untouched")
    (target / "privkey.pem").symlink_to(tmp_path / "victim")
    install(install_dir=target)
    assert (tmp_path / "victim").read_text() == "untouched"
    assert (target / "privkey.pem").read_bytes() == b"KEY 1"


def test_commands_are_bounded_and_lose_our_api_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSLM_API_TOKEN", "sslm_0123456789abcdef")
    result = run_command(("sh", "-c", 'echo "[$SSLM_API_TOKEN]"; head -c 100000 /dev/zero | tr "\\0" x; exit 3'))
    assert not result.succeeded
    assert (result.ending, len(result.said)) == ("ended with status 3", 2000)
    assert run_command(("sh", "-c", 'echo "[$SSLM_API_TOKEN]"')).said == "[]"
    slow = run_command(("sh", "-c", "sleep 60 & sleep 60"), seconds=0.2)
    assert "was killed" in slow.ending
    key = "-----BEGIN PRIVATE KEY-----\\nsecret\\n-----END PRIVATE KEY-----"
    assert "secret" not in run_command(("printf", key)).said
    for command in ("", "   ", "'open"):
        with pytest.raises(InvalidChoice):
            split_command(command, "--reload-command")
