"""The register as a table, as JSON, and as CSV. The same rows give the same bytes.

The JSON form is versioned: a change of meaning raises `SCHEMA_VERSION`. No CSV cell can start a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final

import msgspec

SCHEMA_VERSION: Final = 1
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_table(rows: Sequence[Any], columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the header and one line of texts for each row, for whoever prints them; `columns` names what to show."""
    return [tuple(columns), *(tuple(_text(getattr(row, column)) for column in columns) for row in rows)]


def as_json(rows: Sequence[Any]) -> bytes:
    """Return `{"schema_version": 1, "rows": [...]}`, indented, with sorted keys."""
    document = {"schema_version": SCHEMA_VERSION, "rows": [asdict(row) for row in rows]}
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2)


def as_csv(rows: Sequence[Any]) -> str:
    """Return RFC 4180 text with a header; a list within a cell is separated by "; ".

    A cell that a spreadsheet would take for a formula gets a leading apostrophe. No rows give an empty text.
    """
    if not rows:
        return ""
    columns = [field.name for field in fields(rows[0])]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for line in as_table(rows, columns):
        writer.writerow([_inert(cell) for cell in line])
    return text.getvalue()


def _text(value: object) -> str:
    """Return a value as a person reads it: a purpose by its code and basis, a flag as yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "; ".join(map(_text, value))
    return str(value)


def _inert(cell: str) -> str:
    return "'" + cell if cell.startswith(_STARTS_A_FORMULA) else cell
