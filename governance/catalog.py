"""The catalogue: every table, its tagged columns, and the path from its rows to a person.

Reports, erasure and retention walk this one structure and so cannot disagree. `Catalog.check` refuses what it cannot
cover: an untagged column, a tagged row that leads to nobody, a reference to people that no plan reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, Table

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
            for _, table in sorted(metadata.tables.items()):
                found = list(_governed(table))
                columns += found
                problems += _gaps(found, vocabulary)
                path = subject_path(table)
                if path is not None:
                    paths[table.name] = path
                problems += _unled(table, path, governed=bool(found))
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


def _unled(table: Table, path: SubjectPath | Unlinkable | None, *, governed: bool) -> Iterator[str]:
    """Name what no walk from a person would reach: the rows of the table, or a reference beside their path."""
    references = [key for key in _foreign_keys(table) if _paths(key.column.table, frozenset())]
    if path is None and (governed or references):
        yield f"{table.name} has {_lack(table)}; name the column that leads there in its info"
    elif isinstance(path, Unlinkable):
        for key in references:
            yield f"{table.name}.{key.parent.name} refers to {key.column.table.name}, though its rows lead to nobody"
    elif isinstance(path, SubjectPath):
        for key in references:
            if key.parent is not path.steps[0][0] and not key.ondelete:
                yield (
                    f"{table.name}.{key.parent.name} refers to {key.column.table.name} beside the path of its row; "
                    "say by ondelete what an erasure does to it"
                )


def _lack(table: Table) -> str:
    declared = table.info.get("data_subject")
    if isinstance(declared, Through):
        return f"no path to a data subject by {declared.column}"
    columns = sorted({str(path.steps[0][0].name) for path in _paths(table, frozenset())})
    return f"several paths to a data subject (by {', '.join(columns)})" if columns else "no path to a data subject"


def subject_path(table: Table) -> SubjectPath | Unlinkable | None:
    """Return how rows of `table` lead to a data subject; None where there is no way, or more than one unnamed."""
    declared = table.info.get("data_subject")
    if isinstance(declared, Unlinkable):
        return declared
    paths = _paths(table, frozenset())
    return paths[0] if len(paths) == 1 else None


def _paths(table: Table, seen: frozenset[str]) -> list[SubjectPath]:
    """Return all ways from `table` to a data subject that pass no table twice and keep to the columns named."""
    if table.name == DATA_SUBJECT:
        return [SubjectPath(())]
    declared = table.info.get("data_subject")
    if isinstance(declared, Unlinkable):
        return []
    return [
        SubjectPath(((key.parent, key.column), *onward.steps))
        for key in _foreign_keys(table)
        if not (isinstance(declared, Through) and key.parent.name != declared.column)
        if key.column.table is not table and key.column.table.name not in seen
        for onward in _paths(key.column.table, seen | {table.name})
    ]


def _foreign_keys(table: Table) -> list[ForeignKey]:
    return sorted(table.foreign_keys, key=lambda key: str(key.parent.name))
