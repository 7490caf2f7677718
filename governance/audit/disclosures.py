"""What one operation showed: which fields, of which rows, about whom. Fields note it while they are resolved.

The edge turns the collection into one audit event, and releases the answer only when that event is durable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from governance.ids import Pseudonym


@dataclass(slots=True)
class Disclosures:
    """Collects disclosures of one operation. Belongs to one request; never shared between two."""

    coordinates: set[str] = field(default_factory=set)
    data_subjects: set[Pseudonym] = field(default_factory=set)
    _rows: dict[str, dict[int, object]] = field(default_factory=dict)

    def note(self, coordinate: str, about: Iterable[Pseudonym], row: object) -> None:
        """Note that `coordinate` (such as `Account.email`) of `row` is shown; a null value counts, it tells something.

        The row is kept until the collection goes, so that two rows can never be counted as one.
        """
        self.coordinates.add(coordinate)
        self.data_subjects.update(about)
        self._rows.setdefault(coordinate.partition(".")[0], {})[id(row)] = row

    @property
    def row_counts(self) -> dict[str, int]:
        """Return how many rows of each type were shown."""
        return {type_name: len(rows) for type_name, rows in sorted(self._rows.items())}

    def clear(self) -> None:
        """Forget everything: what was noted is not shown, because it is read again another way."""
        self.coordinates.clear()
        self.data_subjects.clear()
        self._rows.clear()

    def __bool__(self) -> bool:
        return bool(self.coordinates)
