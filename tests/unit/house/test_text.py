"""Nothing in the repository ties it to one machine, one package index or one day's plan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.house.sources import ESCAPE, ROOT, lines, our_files, place

VENDORED = ROOT / "api" / "graphql" / "assets"
TRACES = {
    "a folder of one machine": re.compile(r"(?<![\w.$}~*-])/(root|work|workspace|Users|mnt)/[\w.]"),
    "the address of a package index": re.compile(r"https?://[^\s\"'<>]*(/simple\b|pypi|pythonhosted|registry\.npmjs)"),
    "a number of a plan": re.compile(r"\b(issue|ticket|milestone) #?\d+\b", re.IGNORECASE),
    "work left undone": re.compile(r"\b(TODO|FIXME|XXX)\b"),  # house-rule: the rule itself
    "an option that names an index": re.compile(r"^\s*--(extra-)?index-url|^\s*--find-links"),
}
CONFLICT = re.compile(r"^(<{7} |={7}$|>{7} )")


def text_files() -> list[Path]:
    return [path for path in our_files() if path.parent != VENDORED or path.name.startswith("graphiql-start")]


@pytest.mark.parametrize("trace", TRACES)
def test_no_file_holds(trace: str) -> None:
    found = [
        place(path, number)
        for path in text_files()
        for number, line in enumerate(lines(path), start=1)
        if TRACES[trace].search(line) and ESCAPE not in line
    ]
    assert found == []


def test_no_conflict_was_left() -> None:
    files = [
        path for path in text_files() if path.suffix in {".py", ".md", ".toml", ".graphql", ".html", ".sh", ".txt"}
    ]
    assert [place(path, n) for path in files for n, line in enumerate(lines(path), 1) if CONFLICT.match(line)] == []


def test_every_requirement_is_pinned_by_digest() -> None:
    for name in ("installer", "runtime", "development", "bench"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
        pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert pins
        assert [line[:60] for line in pins if "==" not in line or "--hash=sha256:" not in line] == []


def test_no_lock_file_records_where_packages_came_from() -> None:
    assert [path.name for path in our_files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}] == []
