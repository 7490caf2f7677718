from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sslm_agent.answers import Authorization, Challenge
from sslm_agent.challenges import DNS_01, HTTP_01, DnsChallenge, HttpChallenge, open_challenges
from sslm_agent.errors import ChallengeInvalid, PlacementFailed
from sslm_agent.listener import read_address
from sslm_agent.webroot import Webroot

TOKEN = "x" * 43
VALUE = "v" * 43
PREFIX = "/.well-known/acme-challenge/"


def http(path: str = PREFIX + TOKEN, content: str = f"{TOKEN}.{VALUE}") -> Challenge:
    return Challenge("HTTP_01", "pending", path, content, None, None)


def dns(name: str = "_acme-challenge.example.com", value: str = VALUE) -> Challenge:
    return Challenge("DNS_01", "pending", None, None, name, value)


def asked(challenge: Challenge, kind: str, name: str = "example.com", status: str = "pending") -> object:
    return open_challenges([Authorization(name, status, (challenge,))], kind, ("example.com", "*.example.com"))


def test_right_challenges_are_placed() -> None:
    assert asked(http(), HTTP_01) == (HttpChallenge(TOKEN, f"{TOKEN}.{VALUE}"),)
    assert asked(dns(name="_acme-challenge.EXAMPLE.com."), DNS_01) == (
        DnsChallenge("_acme-challenge.example.com", VALUE),
    )
    assert asked(http(), HTTP_01, status="valid") == ()
    assert asked(http(), HTTP_01, name="") == ()


@pytest.mark.parametrize(
    "path",
    ["", "/", PREFIX, PREFIX + "../../../index", PREFIX + "a/b" * 5, "/etc/passwd", PREFIX + TOKEN + "\n",
     PREFIX + TOKEN + "%2e", "http://x" + PREFIX + TOKEN, PREFIX + "." * 20],
)  # fmt: skip
def test_a_path_that_is_no_challenge_is_refused(path: str) -> None:
    with pytest.raises(ChallengeInvalid):
        asked(http(path=path, content=f"{path.removeprefix(PREFIX)}.{VALUE}"), HTTP_01)


@pytest.mark.parametrize("content", ["", TOKEN, f"{TOKEN}.", f"other.{VALUE}", f"{TOKEN}.{VALUE}\n", "<script>"])
def test_content_that_is_no_key_authorization_is_refused(content: str) -> None:
    with pytest.raises(ChallengeInvalid):
        asked(http(content=content), HTTP_01)


@pytest.mark.parametrize(
    ("name", "value"),
    [("example.com", VALUE), ("_acme-challenge.evil.com", VALUE), ("_acme-challenge.example.com; rm -rf /", VALUE),
     ("_acme-challenge.example.com", "short"), ("_acme-challenge.example.com", VALUE + "\n")],
)  # fmt: skip
def test_a_record_that_is_not_ours_is_refused(name: str, value: str) -> None:
    with pytest.raises(ChallengeInvalid):
        asked(dns(name, value), DNS_01)


def test_a_foreign_name_and_a_missing_type_are_refused() -> None:
    with pytest.raises(ChallengeInvalid, match="not ordered"):
        asked(http(), HTTP_01, name="evil.com")
    with pytest.raises(ChallengeInvalid, match="no challenge of the type"):
        asked(http(), DNS_01)


def test_the_webroot_is_readable_under_any_umask_and_left_clean(tmp_path: Path, hostile_umask: int) -> None:
    webroot = Webroot(tmp_path)
    webroot.place((HttpChallenge(TOKEN, "content"),), validating=False)
    file = tmp_path / ".well-known" / "acme-challenge" / TOKEN
    assert file.read_text() == "content"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, file.parent, file.parent.parent)] == [
        0o644,
        0o755,
        0o755,
    ]
    webroot.remove()
    webroot.remove()
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize("link", [".well-known", ".well-known/acme-challenge"])
def test_links_below_the_webroot_are_not_followed(tmp_path: Path, link: str) -> None:
    root, victim = tmp_path / "root", tmp_path / "victim"
    (root / link).parent.mkdir(parents=True)
    victim.mkdir()
    (root / link).symlink_to(victim)
    with pytest.raises(PlacementFailed):
        Webroot(root).place((HttpChallenge(TOKEN, "content"),), validating=False)
    assert list(victim.iterdir()) == []


def test_a_link_in_place_of_the_challenge_file_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (tmp_path / "victim").write_text("untouched")
    (folder / TOKEN).symlink_to(tmp_path / "victim")
    Webroot(tmp_path).place((HttpChallenge(TOKEN, "content"),), validating=False)
    assert (tmp_path / "victim").read_text() == "untouched"


def test_addresses_are_read_or_refused() -> None:
    assert read_address("[::]:80", "--listen") == ("::", 80)
    assert read_address("0.0.0.0:5002", "--listen") == ("0.0.0.0", 5002)  # noqa: S104
