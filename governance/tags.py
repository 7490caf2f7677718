"""Tags: what a stored column holds, why, from where, for how long. Written once, on the column.

Every column is `PersonalData`, `NotPersonal("why")`, or a key; there is no default. The application brings its own
purposes and retention classes as enumerations (see `governance.vocabulary`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import Column, Integer, MetaData, Uuid

TAG_KEY: Final = "personal_data"


class Origin(StrEnum):
    """Where a value came from; portability (GDPR Art. 20) and the source of Art. 15(1)(g) depend on it."""

    PROVIDED = "provided"
    OBSERVED = "observed"
    DERIVED = "derived"
    THIRD_PARTY = "third_party"


class Erasure(StrEnum):
    """What happens to the column when its person is erased (GDPR Art. 17)."""

    DELETE = "delete"
    REDACT = "redact"
    RETAIN = "retain"


class Access(StrEnum):
    """How the column appears in an access report (GDPR Art. 15)."""

    SHOWN = "shown"
    STATE_ONLY = "state_only"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Retained:
    """Why and until when a column outlives the erasure of its person; required with `Erasure.RETAIN`."""

    ground: str
    until: str


@dataclass(frozen=True, slots=True)
class PersonalData:
    """The tag of a column that tells something about a person.

    `category` is a fideslang key and `section` the part of the privacy policy (1.1 to 1.5) that announces it.
    `excluded_because` goes with `Access.EXCLUDED`, `retained` with `Erasure.RETAIN`, and
    `portable_because` widens portability beyond what origin and basis give.
    `sealed` columns hold ciphertext under the content key of the data subject.
    """

    category: str
    section: str
    purposes: frozenset[Enum]
    origin: Origin
    retention: Enum
    erasure: Erasure = Erasure.DELETE
    access: Access = Access.SHOWN
    excluded_because: str = ""
    retained: Retained | None = None
    portable_because: str = ""
    self_editable: bool = False
    recipients: tuple[str, ...] = ()
    sealed: bool = False

    def __post_init__(self) -> None:
        if not self.purposes:
            raise ValueError(f"{self.category}: personal data without a purpose may not be kept")
        if (self.erasure is Erasure.RETAIN) != (self.retained is not None):
            raise ValueError(f"{self.category}: a retained column, and only that, needs a ground and an end")
        if (self.access is Access.EXCLUDED) != bool(self.excluded_because):
            raise ValueError(f"{self.category}: an excluded column, and only that, needs a reason")


@dataclass(frozen=True, slots=True)
class NotPersonal:
    """The tag of a column that tells nothing about anybody, with the reason why."""

    why: str

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise ValueError("say why the column is not personal data")


Tag = PersonalData | NotPersonal


@dataclass(frozen=True, slots=True)
class Unlinkable:
    """Marks a table whose tagged rows lead to nobody, with the reason; set as `info={"data_subject": ...}`."""

    why: str


@dataclass(frozen=True, slots=True)
class Through:
    """Names the foreign-key column by which a table's rows lead to their data subject."""

    column: str


def tagged(tag: Tag) -> dict[str, Any]:
    """Return the `info` of a column that carries `tag`."""
    return {TAG_KEY: tag}


def tag_of(column: Column[Any]) -> Tag | None:
    """Return the tag of a column, or None where it is untagged."""
    tag = column.info.get(TAG_KEY)
    return tag if isinstance(tag, PersonalData | NotPersonal) else None


def combined(tags: Sequence[PersonalData]) -> PersonalData:
    """Return the tag of a value derived from columns with these tags; the strictest reading of each part.

    Its category is what the categories have in common, so whoever may see it may see every source. Raises `TypeError`
    where the sources share no category, no purpose or no retention class: such a value has no lawful place.
    """
    first = tags[0]
    if len(set(tags)) == 1:
        return first
    category = _common_path([tag.category for tag in tags])
    purposes = frozenset.intersection(*(tag.purposes for tag in tags))
    if not category or not purposes or len({(tag.retention, tag.erasure, tag.retained) for tag in tags}) > 1:
        raise TypeError("the columns share no category, purpose or retention, so nothing may be derived from them")
    return replace(
        first,
        category=category,
        purposes=purposes,
        origin=Origin.DERIVED,
        access=max((tag.access for tag in tags), key=list(Access).index),
        excluded_because="; ".join(dict.fromkeys(tag.excluded_because for tag in tags if tag.excluded_because)),
        portable_because="",
        self_editable=False,
        recipients=tuple(dict.fromkeys(name for tag in tags for name in tag.recipients)),
        sealed=any(tag.sealed for tag in tags),
    )


def _common_path(categories: Sequence[str]) -> str:
    steps = zip(*(category.split(".") for category in categories), strict=False)
    return ".".join(takewhile(bool, (step[0] if len(set(step)) == 1 else "" for step in steps)))


def is_key(column: Column[Any]) -> bool:
    """Tell whether the column only identifies a row or refers to one, and so needs no tag.

    A primary key of another type than a number or UUID says something by itself (a hash, a name, a time): tag it.
    """
    return bool(column.foreign_keys) or (column.primary_key and isinstance(column.type, Uuid | Integer))


def untagged(metadata: MetaData) -> list[str]:
    """Return `table.column` of every column that is neither tagged nor a key."""
    return [
        f"{table.name}.{column.name}"
        for _, table in sorted(metadata.tables.items())
        for column in table.columns
        if tag_of(column) is None and not is_key(column)
    ]
