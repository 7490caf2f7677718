"""The rules of style that no linter knows."""

from __future__ import annotations

import ast
import statistics

from tests.unit.house.sources import CODE, PRODUCT, calls, excused, functions, length, place, python_files, tree

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MEDIAN_FUNCTION = 10
FILES_THAT_MAY_BEGIN = 2
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "handler", "handlers", "misc"}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}


def offending_calls(suffixes: set[str], folders: tuple[str, ...]) -> list[str]:
    """Find calls whose dotted name ends in one of `suffixes` and whose line gives no reason."""
    return [
        place(path, call.lineno)
        for path in python_files(folders)
        for call, name in calls(path)
        if any(name == suffix or name.endswith(f".{suffix}") for suffix in suffixes)
        and not excused(path, call.end_lineno or call.lineno)
        and not excused(path, call.lineno)
    ]


def test_nobody_commits() -> None:
    """The unit of work commits when its block ends; a commit inside it would save half of a change."""
    assert offending_calls({"commit"}, (*PRODUCT, "migrations")) == []


def test_transactions_begin_in_two_files_at_most() -> None:
    found = offending_calls({"begin"}, ("api", "governance"))
    assert len({one.partition(":")[0] for one in found}) <= FILES_THAT_MAY_BEGIN, found


def test_time_comes_from_the_one_clock() -> None:
    found = offending_calls(CLOCKS, ("api", "governance"))
    assert [one for one in found if not one.startswith("governance/clock.py")] == []


def test_imports_stand_at_the_top() -> None:
    found = [
        place(path, node.lineno)
        for path in python_files(CODE)
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not excused(path, node.lineno)
    ]
    assert found == []


def test_files_are_short() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(CODE)}
    assert [place(path, size) for path, size in sizes.items() if size > LONGEST_FILE] == []


def test_functions_are_short() -> None:
    long = [
        place(path, function.lineno)
        for path in python_files(CODE)
        for function in functions(path)
        if length(function) > LONGEST_FUNCTION and not excused(path, function.lineno)
    ]
    assert long == []


def test_the_ordinary_function_fits_in_ten_lines() -> None:
    sizes = [length(function) for path in python_files(PRODUCT) for function in functions(path)]
    assert statistics.median(sizes) <= MEDIAN_FUNCTION


def test_names_of_modules_say_what_is_inside() -> None:
    assert [
        str(path) for path in python_files(CODE) if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES
    ] == []


def test_every_module_says_what_it_is_for() -> None:
    files = python_files((*PRODUCT, "migrations", "scripts", "bench"))
    assert [
        place(path, 1) for path in files if path.read_text(encoding="utf-8") and not ast.get_docstring(tree(path))
    ] == []


def test_every_public_function_and_class_has_a_docstring() -> None:
    found = [
        place(path, node.lineno)
        for path in python_files(PRODUCT)
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert found == []
