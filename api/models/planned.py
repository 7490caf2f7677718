"""What the product sets out to hold about people (`announced.csv`), and what of it is still to come.

The aim is data which the operator approves; what exists is the fact. A row without fields is still to come, a field
without a row is more than was announced, and `coverage_gaps` finds both. Rows that were added to the announced list
say why.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.models.vocabulary import Purpose, Retention
from governance.catalog import Catalog
from governance.register import FieldKind, RegisteredField
from governance.tags import PersonalData

_FILE: Final = Path(__file__).with_name("announced.csv")


@dataclass(frozen=True, slots=True)
class AnnouncedRow:
    """One row of the aim. `columns` are the fields that hold it; `to_come` is what they still lack.

    A field is `table.column` or `table.*` for what no other row names; `log_field.*`, `cookie.<name>` and
    `outgoing_field.<name>` work alike. `source` is P provided, O observed, D derived,
    T third party; `exported` is yes, no, or state.
    """

    section: str
    field: str
    type: str
    source: str
    purposes: frozenset[str]
    retention: frozenset[str]
    exported: str
    portable: bool
    columns: tuple[str, ...]
    to_come: str
    added_because: str


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A row, or the rest of one, that no column holds yet, as the register prints it on request."""

    section: str
    field: str
    type: str
    source: str
    purposes: tuple[str, ...]
    retention: tuple[str, ...]
    exported: str
    portable: bool


def announced_rows() -> tuple[AnnouncedRow, ...]:
    """Read the aim, in the order of the policy. Raises `ValueError` for a code that is not in the vocabulary."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_announced(line) for line in csv.DictReader(file, strict=True))


def planned_rows(catalog: Catalog, declared: Iterable[RegisteredField] = ()) -> tuple[PlannedRow, ...]:
    """Return what is still to come, in the order of the policy; `declared` as for `register_rows`."""
    rows = announced_rows()
    held = _held(rows, _existing(catalog, declared))
    return tuple(_planned(row) for row in rows if row.to_come or not held[row])


def coverage_gaps(catalog: Catalog, declared: Iterable[RegisteredField] = ()) -> list[str]:
    """Name each field that not exactly one row announces, each pattern without a field, and each contradiction.

    Patterns of log fields, cookies and outgoing fields are looked at when such fields are handed in.
    """
    rows = announced_rows()
    existing = _existing(catalog, declared)
    held = _held(rows, existing)
    gaps = []
    for field in existing:
        count = sum(field in fields for fields in held.values())
        if count != 1:
            gaps.append(f"{field.coordinate} is announced by {count} rows")
    unseen = {f"{kind.value}.*" for kind in FieldKind} - {field.group for field in existing}
    for row, fields in held.items():
        matched = unseen | {pattern for field in fields for pattern in (field.coordinate, field.group)}
        gaps += [f"{row.field}: there is no {pattern}" for pattern in row.columns if pattern not in matched]
        gaps += [f"{field.coordinate} {gap}" for field in fields for gap in _contradictions(row, field.tag)]
    return gaps


@dataclass(frozen=True, slots=True)
class _Existing:
    """A field that exists: its name, the pattern of its whole table or kind, and its tag."""

    coordinate: str
    group: str
    tag: PersonalData


def _existing(catalog: Catalog, declared: Iterable[RegisteredField]) -> list[_Existing]:
    columns = [_Existing(column.coordinate, f"{column.table}.*", column.tag) for column in catalog.columns]
    others = [_Existing(f"{field.kind.value}.{field.name}", f"{field.kind.value}.*", field.tag) for field in declared]
    return columns + others


def _held(rows: tuple[AnnouncedRow, ...], existing: list[_Existing]) -> dict[AnnouncedRow, list[_Existing]]:
    """Return the fields of each row: a field belongs to the rows that name it, else to those that name its group."""
    named = {pattern for row in rows for pattern in row.columns}
    held: dict[AnnouncedRow, list[_Existing]] = {row: [] for row in rows}
    for field in existing:
        pattern = field.coordinate if field.coordinate in named else field.group
        for row in rows:
            if pattern in row.columns:
                held[row].append(field)
    return held


def _contradictions(row: AnnouncedRow, tag: PersonalData) -> Iterator[str]:
    if tag.section != row.section:
        yield f"is tagged {tag.section}, announced in {row.section}"
    if tag.retention.value not in row.retention:
        yield f"is kept as {tag.retention.value}, announced as {' or '.join(sorted(row.retention))}"
    if more := {str(purpose.value) for purpose in tag.purposes} - row.purposes:
        yield f"is used for {', '.join(sorted(more))}, announced for {', '.join(sorted(row.purposes))}"


def _announced(line: Mapping[str, str]) -> AnnouncedRow:
    return AnnouncedRow(
        section=line["section"],
        field=line["field"],
        type=line["type"],
        source=line["source"],
        purposes=frozenset(Purpose(code).value for code in line["purposes"].split()),
        retention=frozenset(Retention(code).value for code in line["retention"].split()),
        exported=line["exported"],
        portable=line["portable"] == "yes",
        columns=tuple(line["columns"].split()),
        to_come=line["to_come"],
        added_because=line["added_because"],
    )


def _planned(row: AnnouncedRow) -> PlannedRow:
    return PlannedRow(
        section=row.section,
        field=row.to_come or row.field,
        type=row.type,
        source=row.source,
        purposes=tuple(sorted(row.purposes)),
        retention=tuple(sorted(row.retention)),
        exported=row.exported,
        portable=row.portable,
    )
