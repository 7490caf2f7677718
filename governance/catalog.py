"""The catalogue: every table, its tagged columns, and the path from its rows to a person.

Reports, erasure and retention walk this one structure and so cannot disagree. `Catalog.check` refuses what it cannot
cover: an untagged column, a tagged row that leads to nobody, a reference that no plan reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, MetaData, Table

from governance.errors import IncompleteCatalog
from governance.models import DATA_SUBJECT
from governance.tags import PersonalData, Through, Unlinkable, tag_of, untagged
from governance.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class SubjectPath:
    """The joins from a table to `data_subject`: each step is a column and the column it refers to."""

    steps: tuple[tuple[Column[Any], Column[Any]], ...]


@dataclass(frozen=True, slots=True)
class GovernedColumn:
    """One column with personal data."""

    table: str
    column: str
    tag: PersonalData
    nullable: bool
    type_name: str

    @property
    def coordinate(self) -> str:
        """Return `table.column`."""
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is held about people, and how each row leads to its person."""

    vocabulary: Vocabulary
    columns: tuple[GovernedColumn, ...]
    paths: dict[str, SubjectPath | Unlinkable]
    problems: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, vocabulary: Vocabulary, *metadatas: MetaData) -> Catalog:
        """Read the tags of all tables. Never fails; `check` does."""
        problems: list[str] = []
        columns: list[GovernedColumn] = []
        paths: dict[str, SubjectPath | Unlinkable] = {}
        for metadata in metadatas:
            problems += [f"{name} carries no tag" for name in untagged(metadata)]
            for table in metadata.sorted_tables:
                found = list(_governed(table))
                columns += found
                problems += _gaps(found, vocabulary)
                path = subject_path(table)
                if path is not None:
                    paths[table.name] = path
                elif found or _refers_to_people(table):
                    problems.append(f"{table.name} has no single path to its data subject; name one in its info")
        return cls(vocabulary, tuple(columns), paths, tuple(problems))

    def check(self) -> None:
        """Raise `IncompleteCatalog`, naming every gap, unless all is covered."""
        if self.problems:
            raise IncompleteCatalog(
                "The program did not start: its data catalogue has gaps. Tag or cover: " + "; ".join(self.problems)
            )

    def categories(self) -> frozenset[str]:
        """Return the data categories in use."""
        return frozenset(column.tag.category for column in self.columns)


def _governed(table: Table) -> Iterator[GovernedColumn]:
    for column in table.columns:
        tag = tag_of(column)
        if isinstance(tag, PersonalData):
            yield GovernedColumn(table.name, column.name, tag, bool(column.nullable), str(column.type).lower())


def _gaps(columns: list[GovernedColumn], vocabulary: Vocabulary) -> list[str]:
    return [
        f"{column.coordinate} refers to an unknown {gap}" for column in columns for gap in vocabulary.gaps(column.tag)
    ]


def _refers_to_people(table: Table) -> bool:
    return any(
        subject_path(key.column.table) is not None for key in table.foreign_keys if key.column.table is not table
    )


def subject_path(table: Table) -> SubjectPath | Unlinkable | None:
    """Return how rows of `table` lead to a data subject; None where there is no way, or more than one unnamed."""
    return _path(table, frozenset())


def _path(table: Table, seen: frozenset[str]) -> SubjectPath | Unlinkable | None:
    if table.name == DATA_SUBJECT:
        return SubjectPath(())
    declared = table.info.get("data_subject")
    if isinstance(declared, Unlinkable):
        return declared
    steps: list[SubjectPath] = []
    for key in sorted(table.foreign_keys, key=lambda item: str(item.parent.name)):
        if isinstance(declared, Through) and key.parent.name != declared.column:
            continue
        if key.column.table.name in seen or key.column.table is table:
            continue
        onward = _path(key.column.table, seen | {table.name})
        if isinstance(onward, SubjectPath):
            steps.append(SubjectPath(((key.parent, key.column), *onward.steps)))
    if len(steps) == 1:
        return steps[0]
    return None
