"""Every call of a logger in our code names its event literally and only fields that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.kit.log_fields import LOG_FIELD_NAMES

ROOT = Path(__file__).resolve().parents[3]
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
FILES = sorted(path for room in ("api", "governance") for path in (ROOT / room).rglob("*.py"))


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "_log"
        ):
            yield node


@pytest.mark.clause("1.4-a")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_log_calls_are_static(path: Path) -> None:
    for call in calls(path):
        where = f"{path.name}:{call.lineno}"
        event = call.args[0] if len(call.args) == 1 else None
        assert isinstance(event, ast.Constant), f"{where}: the event is one literal"
        assert re.fullmatch(r"[a-z][a-z0-9_]+", str(event.value)), f"{where}: words joined by underscores"
        named = {keyword.arg for keyword in call.keywords if keyword.arg} - {"exc_info"}
        assert named <= LOG_FIELD_NAMES, f"{where}: add {named - LOG_FIELD_NAMES} to LOG_FIELDS"
