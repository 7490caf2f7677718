"""The record that maintenance leaves of what it removed: counts by table and the columns concerned, nobody's name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from api.models import Base
from api.work import Work
from governance.audit.event import EventKind, Person
from governance.tags import PersonalData, tag_of


async def record_removal(work: Work, operation: str, row: type[Base], count: int, about: Iterable[Person] = ()) -> None:
    """Write the administration event of a batch in its transaction, unless nothing personal went."""
    columns = personal_columns(row)
    if count and columns:
        await work.record(
            EventKind.ADMINISTRATION,
            operation,
            *columns,
            about=about,
            rows={row.__tablename__: count},
            clauses=["6.1-a"],
        )


def personal_columns(row: type[Base]) -> Sequence[Any]:
    """Return the attributes of a row that hold personal data."""
    attributes = [getattr(row, item.key) for item in row.__mapper__.column_attrs]
    return [item for item in attributes if isinstance(tag_of(item.property.columns[0]), PersonalData)]
