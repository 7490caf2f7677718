"""The application's own words: purposes with their lawful basis, retention classes with their period.

Tags refer to these by enumeration members; the register, reports and the policy's lists print the entries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from governance.tags import Origin, PersonalData


class LawfulBasis(StrEnum):
    """GDPR Art. 6(1); the value is the letter."""

    CONSENT = "a"
    CONTRACT = "b"
    LEGAL_OBLIGATION = "c"
    LEGITIMATE_INTERESTS = "f"


@dataclass(frozen=True, slots=True)
class PurposeEntry:
    """One purpose: what for, announced where, on which basis, and how a person can end it."""

    text: str
    section: str
    basis: LawfulBasis
    ended_by: str


@dataclass(frozen=True, slots=True)
class RetentionEntry:
    """One retention class: which data, how long, on what ground."""

    data: str
    period: str
    ground: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The enumerations of an application, with an entry for each member."""

    purposes: Mapping[Enum, PurposeEntry]
    retention: Mapping[Enum, RetentionEntry]

    def is_portable(self, tag: PersonalData) -> bool:
        """Tell whether Art. 20 covers the column: provided or observed, on consent or contract, or by choice."""
        if tag.portable_because:
            return True
        if tag.origin not in (Origin.PROVIDED, Origin.OBSERVED):
            return False
        bases = {self.purposes[purpose].basis for purpose in tag.purposes}
        return bool(bases & {LawfulBasis.CONSENT, LawfulBasis.CONTRACT})

    def gaps(self, tag: PersonalData) -> list[str]:
        """Return what the tag refers to that has no entry."""
        missing = [f"purpose {purpose.value}" for purpose in tag.purposes if purpose not in self.purposes]
        if tag.retention not in self.retention:
            missing.append(f"retention class {tag.retention.value}")
        return missing
