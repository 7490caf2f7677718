from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from sslm_agent.errors import InvalidChoice
from sslm_agent.names import folder_name, normalise, probe_name

HOSTILE = [
    "", ".", "..", "../x", "/etc/passwd", "a/b.example.com", "..example.com", "example.com/", "example..com",
    "example.com.", "-a.example.com", "a-.example.com", "_acme.example.com", "a b.example.com", "a\nb.example.com",
    "a\x00.example.com", "https://example.com", "example.com:443", "user@example.com", "*", "*.", "*.*.example.com",
    "a.*.example.com", "**.example.com", "localhost", "127.0.0.1", "[::1]", "a" * 64 + ".example.com",
    "a." * 130 + "example.com", "xn--a.example.com", "-", "--help",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_domain_name_never_becomes_a_folder(name: str) -> None:
    with pytest.raises(InvalidChoice):
        normalise([name])


@pytest.mark.parametrize(
    ("typed", "normal", "folder"),
    [
        ("WWW.Example.com", "www.example.com", "www.example.com"),
        ("*.example.com", "*.example.com", "_wildcard.example.com"),
        ("bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah", "xn--r8jz45g.xn--zckzah"),
        ("wildcard.example.com", "wildcard.example.com", "wildcard.example.com"),
    ],
)
def test_names_and_their_folders(typed: str, normal: str, folder: str) -> None:
    assert normalise([typed]) == (normal,)
    assert folder_name(normal) == folder


def test_long_names_get_folders_of_their_own() -> None:
    labels = ".".join("a" * 60 for _ in range(3))
    names = [f"{letter}.{labels}.{letter * 50}.com" for letter in "bc"] + [f"*.{labels}.{'d' * 50}.com"]
    folders = {folder_name(name) for name in normalise(names)}
    assert len(folders) == 3
    assert all(len(folder) <= 255 and PurePosixPath(folder).name == folder for folder in folders)


def test_repeats_are_one_and_the_first_stays_first() -> None:
    assert normalise(["b.example.com", "a.example.com", "B.example.com"]) == ("b.example.com", "a.example.com")
    with pytest.raises(InvalidChoice):
        normalise([f"h{number}.example.com" for number in range(101)])
    with pytest.raises(InvalidChoice):
        normalise([])


def test_a_wildcard_is_probed_by_a_host_under_it() -> None:
    assert probe_name("*.example.com") == "www.example.com"
