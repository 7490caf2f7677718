from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest
from sslm_agent.durable import point_link, write_file
from sslm_agent.errors import HomeBusy, HomeUnsafe, NotEnrolled
from sslm_agent.home import Home
from sslm_agent.keys import KeyStore, KeyType

from tests.unit.agent.conftest import StandingClock


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in [folder, *folder.rglob("*")] if path.is_dir()}


@pytest.mark.clause("3.3-a")
def test_everything_is_owner_only_under_any_umask(tmp_path: Path, clock: StandingClock, hostile_umask: int) -> None:
    (tmp_path / "outer").mkdir()
    (tmp_path / "outer").chmod(0o755)
    home = Home.create(tmp_path / "outer" / "home")
    with home.lock(clock):
        KeyStore(home).create(KeyType.P256, ("example.com",), clock)
    files = {stat.S_IMODE(path.lstat().st_mode) for path in home.path.rglob("*") if path.is_file()}
    assert (modes(home.path), files) == ({0o700}, {0o600})
    Home.open(home.path)


def test_a_missing_home_is_not_enrolled(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled):
        Home.open(tmp_path / "nowhere")


def test_a_home_that_is_a_link_is_refused(home: Home, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(home.path)
    for refuses in (Home.open, Home.create):
        with pytest.raises(HomeUnsafe, match="symbolic link"):
            refuses(tmp_path / "link")


def test_a_dangling_link_in_place_of_the_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HomeUnsafe):
        Home.create(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "place", ["config.json", "credentials.json", "keys/abc", "live/example.com", "orders/x", "keys"]
)
def test_a_link_inside_the_home_is_refused(home: Home, tmp_path: Path, place: str) -> None:
    path = home.path / place
    if path.is_dir():
        path.rmdir()
    path.symlink_to(tmp_path)
    with pytest.raises(HomeUnsafe, match="symbolic link"):
        Home.open(home.path)


@pytest.mark.parametrize("target", ["/etc", "../..", "..", ".", "a/b"])
def test_current_may_only_point_beside_itself(home: Home, target: str) -> None:
    (home.live / "example.com").mkdir(mode=0o700)
    (home.live / "example.com" / "current").symlink_to(target)
    with pytest.raises(HomeUnsafe, match="symbolic link"):
        Home.open(home.path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_file_others_may_reach_stops_the_agent(home: Home, mode: int) -> None:
    write_file(home.config, b"{}")
    home.config.chmod(mode)
    with pytest.raises(HomeUnsafe, match="chmod -R go="):
        Home.open(home.path)


def test_a_folder_others_may_enter_stops_the_agent(home: Home) -> None:
    home.path.chmod(0o711)
    with pytest.raises(HomeUnsafe):
        Home.open(home.path)


def test_a_hard_link_and_a_socket_stop_the_agent(home: Home, tmp_path: Path) -> None:
    write_file(home.config, b"{}")
    os.link(home.config, tmp_path / "second-name")
    with pytest.raises(HomeUnsafe, match="hard link"):
        Home.open(home.path)
    (tmp_path / "second-name").unlink()
    os.mkfifo(home.path / "pipe", 0o600)
    with pytest.raises(HomeUnsafe, match="neither"):
        Home.open(home.path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_foreign_owner_stops_the_agent(home: Home) -> None:
    os.chown(home.keys, 12345, 12345)
    with pytest.raises(HomeUnsafe, match="another user"):
        Home.open(home.path)


def test_only_one_agent_works_and_leftovers_are_cleared(home: Home, clock: StandingClock) -> None:
    (home.keys / ".tmp-dead").mkdir(mode=0o700)
    write_file(home.keys / ".tmp-dead" / "private_key.pem", b"half")
    with home.lock(clock):
        assert list(home.keys.iterdir()) == []
    descriptor = os.open(home.path / "lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(HomeBusy), home.lock(clock):
        pytest.fail("two agents at once")
    os.close(descriptor)


def test_a_link_is_replaced_not_followed(home: Home, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (tmp_path / "file").symlink_to(victim)
    write_file(tmp_path / "file", b"new")
    assert victim.read_text() == "untouched"
    (home.path / "linked").symlink_to(tmp_path)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        write_file(home.path / "linked" / "x", b"new")
    point_link(tmp_path / "file", "victim")
    assert (tmp_path / "file").read_text() == "untouched"
