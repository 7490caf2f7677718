"""The pages' GraphQL operations: one file each, beside the page that uses it, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

FOLDER: Final = Path(__file__).parent


def _read_all() -> dict[str, str]:
    found = sorted(FOLDER.rglob("*.graphql"))
    return {path.relative_to(FOLDER).with_suffix("").as_posix(): path.read_text(encoding="utf-8") for path in found}


DOCUMENTS: Final[Mapping[str, str]] = MappingProxyType(_read_all())
"""Document texts by name, such as `account/AccountOverview`; each holds one operation, named like its file."""
