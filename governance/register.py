"""The data register: what is held about people, printed from the tags and from nothing else (GDPR Art. 30).

Columns come from the catalogue. Log fields, cookies and fields that leave the process are declared by the rooms that
own them, as `RegisteredField` data which the application collects and hands in; nothing registers itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from governance.catalog import Catalog, SubjectPath
from governance.errors import IncompleteCatalog
from governance.tags import Access, PersonalData, Unlinkable
from governance.vocabulary import LawfulBasis, Vocabulary

_BASIS = {
    LawfulBasis.CONSENT: "consent",
    LawfulBasis.CONTRACT: "contract",
    LawfulBasis.LEGAL_OBLIGATION: "legal obligation",
    LawfulBasis.LEGITIMATE_INTERESTS: "legitimate interests",
}


class FieldKind(StrEnum):
    """Where a registered field lives."""

    COLUMN = "column"
    LOG_FIELD = "log_field"
    COOKIE = "cookie"
    OUTGOING_FIELD = "outgoing_field"


@dataclass(frozen=True, slots=True)
class RegisteredField:
    """A place other than a column that can hold personal data. `person` says how it leads to its person, or why not.

    `name` is unique within its kind: a key of the log, the name of a cookie, `recipient.message.field` for what leaves.
    """

    kind: FieldKind
    name: str
    tag: PersonalData
    person: str

    def __post_init__(self) -> None:
        if self.kind is FieldKind.COLUMN:
            raise ValueError(f"{self.name}: a column is registered by its tag")
        if self.kind is FieldKind.OUTGOING_FIELD and not self.tag.recipients:
            raise ValueError(f"{self.name}: what leaves needs a recipient")


@dataclass(frozen=True, slots=True)
class RegisteredPurpose:
    """A purpose as the register prints it."""

    code: str
    text: str
    section: str
    basis: str
    ended_by: str

    def __str__(self) -> str:
        return f"{self.code} {self.basis}"


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One line of the register. Every part is text or a flag, so that it prints the same everywhere."""

    section: str
    kind: FieldKind
    name: str
    category: str
    purposes: tuple[RegisteredPurpose, ...]
    origin: str
    retention: str
    retention_period: str
    retention_ground: str
    erasure: str
    retained_because: str
    retained_until: str
    access: str
    excluded_because: str
    portable: bool
    portable_because: str
    self_editable: bool
    recipients: tuple[str, ...]
    sealed: bool
    person: str


def register_rows(catalog: Catalog, declared: Iterable[RegisteredField] = ()) -> tuple[RegisterRow, ...]:
    """Return the whole register, sorted by section, kind and name.

    Raises `IncompleteCatalog` where the catalogue has gaps, a declared field is named twice or refers to a purpose or
    retention class that has no entry: a register with a hole would be believed.
    """
    catalog.check()
    fields = tuple(declared)
    _check_declared(fields, catalog.vocabulary)
    rows = [
        _row(catalog.vocabulary, FieldKind.COLUMN, column.coordinate, column.tag, path_text(catalog, column.table))
        for column in catalog.columns
    ]
    rows += [_row(catalog.vocabulary, field.kind, field.name, field.tag, field.person) for field in fields]
    return tuple(sorted(rows, key=lambda row: (row.section, row.kind, row.name)))


def path_text(catalog: Catalog, table: str) -> str:
    """Return how rows of a table lead to their person, as `column > column`, or why they lead to nobody."""
    path = catalog.paths.get(table)
    if isinstance(path, Unlinkable):
        return f"nobody: {path.why}"
    if not isinstance(path, SubjectPath):
        return "nobody"
    if not path.steps:
        return "the row itself"
    return " > ".join(f"{source.table.name}.{source.name}" for source, _ in path.steps)


def _row(vocabulary: Vocabulary, kind: FieldKind, name: str, tag: PersonalData, person: str) -> RegisterRow:
    retention = vocabulary.retention[tag.retention]
    portable = vocabulary.is_portable(tag)
    return RegisterRow(
        section=tag.section,
        kind=kind,
        name=name,
        category=tag.category,
        purposes=_purposes(vocabulary, tag),
        origin=tag.origin.value,
        retention=str(tag.retention.value),
        retention_period=retention.period,
        retention_ground=retention.ground,
        erasure=tag.erasure.value,
        retained_because=tag.retained.ground if tag.retained else "",
        retained_until=tag.retained.until if tag.retained else "",
        access=tag.access.value,
        excluded_because=tag.excluded_because if tag.access is Access.EXCLUDED else "",
        portable=portable,
        portable_because=(tag.portable_because or _portability(vocabulary, tag)) if portable else "",
        self_editable=tag.self_editable,
        recipients=tag.recipients,
        sealed=tag.sealed,
        person=person,
    )


def _purposes(vocabulary: Vocabulary, tag: PersonalData) -> tuple[RegisteredPurpose, ...]:
    entries = [(str(purpose.value), vocabulary.purposes[purpose]) for purpose in tag.purposes]
    return tuple(
        RegisteredPurpose(code, entry.text, entry.section, _basis(entry.basis), entry.ended_by)
        for code, entry in sorted(entries, key=lambda item: item[0])
    )


def _portability(vocabulary: Vocabulary, tag: PersonalData) -> str:
    """Say why Art. 20 covers a column: where it came from and on which of its bases."""
    bases = {vocabulary.purposes[purpose].basis for purpose in tag.purposes}
    on = [_BASIS[basis] for basis in (LawfulBasis.CONSENT, LawfulBasis.CONTRACT) if basis in bases]
    return f"{tag.origin.value}, on {' and '.join(on)}"


def _basis(basis: LawfulBasis) -> str:
    return f"({basis.value}) {_BASIS[basis]}"


def _check_declared(fields: tuple[RegisteredField, ...], vocabulary: Vocabulary) -> None:
    names = [f"{field.kind.value} {field.name}" for field in fields]
    problems = sorted({f"{name} is declared twice" for name in names if names.count(name) > 1})
    problems += [f"{field.name} refers to an unknown {gap}" for field in fields for gap in vocabulary.gaps(field.tag)]
    if problems:
        raise IncompleteCatalog("The register was not made: " + "; ".join(problems))
