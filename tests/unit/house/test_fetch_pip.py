"""The installer's first step asks the index pip would ask and keeps nothing that is not pinned."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scripts import fetch_pip

WHEEL = b"the wheel"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index in a folder, and pins that accept `WHEEL` as pip 99.0."""
    page = tmp_path / "simple" / "pip" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(
        '<a href="pip-98.0-py3-none-any.whl">old</a><a href="../../pip-99.0-py3-none-any.whl#sha256=0">new</a>'
    )
    (tmp_path / "pip-99.0-py3-none-any.whl").write_bytes(WHEEL)
    pins = tmp_path / "installer.txt"
    pins.write_text(f"pip==99.0 \\\n    --hash=sha256:{hashlib.sha256(WHEEL).hexdigest()}\nsetuptools==1\n")
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(fetch_pip, "PINS", pins)
    monkeypatch.setattr("sys.argv", ["fetch_pip", str(tmp_path / "kept")])
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_PROXY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return tmp_path


def test_the_index_of_the_environment_is_asked(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", (index / "simple").as_uri())
    fetch_pip.main()
    assert (index / "kept" / "pip-99.0-py3-none-any.whl").read_bytes() == WHEEL


def test_the_index_of_pips_configuration_is_asked(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = index / "pip.conf"
    configuration.write_text(
        f"[global]\nindex-url = file:///nowhere\n[install]\nindex-url = {(index / 'simple').as_uri()}/\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    fetch_pip.main()
    assert (index / "kept" / "pip-99.0-py3-none-any.whl").exists()


def test_a_file_with_another_digest_is_thrown_away(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", (index / "simple").as_uri())
    (index / "pip-99.0-py3-none-any.whl").write_bytes(b"something else")
    with pytest.raises(SystemExit, match="nothing was kept"):
        fetch_pip.main()
    assert list((index / "kept").iterdir()) == []


def test_a_login_stays_with_its_host() -> None:
    index = "https://anna:hidden@packages.example/index"
    assert fetch_pip.with_login("https://packages.example/f.whl", index) == "https://anna:hidden@packages.example/f.whl"
    assert fetch_pip.with_login("https://files.example/f.whl", index) == "https://files.example/f.whl"


def test_the_committed_pins_name_pip_by_digest() -> None:
    version, digests = fetch_pip.pinned()
    assert version
    assert digests
