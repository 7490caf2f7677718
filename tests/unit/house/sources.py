"""What the house rules look at: our own files, and the lines that claim an exception.

One rule: an exception is visible where it is made, as a comment `house-rule: why` on the line itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRODUCT = ("api", "governance", "agent/sslm_agent")
CODE = (*PRODUCT, "migrations", "scripts", "bench", "tests", "docs")
NOT_OURS = {
    ".git", ".venv", "var", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    ".import_linter_cache", "build", "dist",
}  # fmt: skip
ESCAPE = "house-rule:"


@cache
def our_files() -> tuple[Path, ...]:
    """List every file of the project, without what tools leave behind."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in NOT_OURS or entry.name.endswith(".egg-info"):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry


def python_files(folders: Iterable[str]) -> list[Path]:
    """List the Python files below the named folders."""
    roots = [ROOT / folder for folder in folders]
    return [path for path in our_files() if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)]


@cache
def tree(path: Path) -> ast.Module:
    """Parse a file, once."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def lines(path: Path) -> tuple[str, ...]:
    """Read a file's lines, once; none for a file that is not text."""
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except UnicodeDecodeError:
        return ()


def excused(path: Path, number: int) -> bool:
    """Whether line `number`, counted from 1, says why it breaks a rule."""
    return ESCAPE in lines(path)[number - 1]


def place(path: Path, number: int) -> str:
    """Name a line as editors do."""
    return f"{path.relative_to(ROOT)}:{number}"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Find every function and method, nested ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines from `def` to the end."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Find every call with its dotted name as written; the object before a method may be any expression."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, _dotted(node.func)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""
