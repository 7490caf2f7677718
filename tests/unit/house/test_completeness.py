"""What is promised in one place exists in the other: error pages, settings, clauses, migrations."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import api.settings
from api.db.migrations import FOLDER, heads
from governance.errors import SafeError
from tests.unit.house.sources import ROOT, calls, place, python_files

CLAUSES = re.compile(r"^\| ([0-9X][0-9.]*-[a-z0-9]+) \|", re.MULTILINE)
DOCUMENTED_SETTING = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def error_codes() -> set[str]:
    """Collect the code of every safe error of the product; each of its modules is imported for that."""
    for path in python_files(("api", "governance")):
        if path.name != "__main__.py":
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    return {kind.code for kind in _kinds(SafeError)}


def _kinds(kind: type[SafeError]) -> Iterator[type[SafeError]]:
    if kind.__module__.startswith(("api.", "governance.")):
        yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def test_every_error_code_has_its_page_and_every_page_its_code() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "errors").glob("*.md")} - {"README"}
    assert error_codes() == pages


def test_error_codes_are_written_alike() -> None:
    assert [code for code in error_codes() if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", code)] == []


def test_every_setting_is_documented_and_nothing_else() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    assert DOCUMENTED_SETTING.findall(page) == [setting.name for setting in api.settings.SETTINGS]
    for setting in api.settings.SETTINGS:
        assert f"| `{setting.name}` | {setting.meaning} |" in page


def test_the_migrations_head_is_in_its_file() -> None:
    """Two branches that each add a migration conflict in this file, not in production."""
    assert heads("main") == [(FOLDER / "HEAD").read_text(encoding="utf-8").strip()]
    assert len(heads("keys")) == 1


def test_every_clause_a_test_names_exists() -> None:
    known = set(CLAUSES.findall((ROOT / "docs" / "reference" / "clauses.md").read_text(encoding="utf-8")))
    unknown = [
        f"{place(path, mark.lineno)} {clause}"
        for path in python_files(("tests",))
        for mark, clause in clauses_named(path)
        if clause not in known
    ]
    assert unknown == []


def clauses_named(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Find the clause IDs that the marks of a test file carry."""
    for call, name in calls(path):
        if name.endswith("mark.clause"):
            yield from ((call, str(ast.literal_eval(argument))) for argument in call.args)
