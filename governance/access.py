"""The access decision: what an operation needs, what a caller was granted, and the difference.

Decided before any row is read. A grant covers itself and everything below it: `user.contact` covers
`user.contact.email`, and `domains` covers `domains:read`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an operation needs: scopes, and the data categories it would show.

    Categories in `filtered` decide which rows are shown. No gap can stand for those: who lacks one is always refused.
    """

    scopes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    filtered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grants:
    """What a caller holds. With `missing_as_null`, a lacking category leaves a gap instead of refusing everything."""

    scopes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    missing_as_null: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """The operation may run; what is of a category in `masked` may not be shown."""

    masked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Denied:
    """The operation may not run; `missing` names every grant that is lacking, sorted."""

    missing: tuple[str, ...]


Decision = Allowed | Denied


def covers(granted: str, needed: str) -> bool:
    """Tell whether a grant reaches what is needed, by whole steps of its path."""
    return granted == needed or needed.startswith((granted + ".", granted + ":"))


def intersection(one: Iterable[str], other: Iterable[str]) -> frozenset[str]:
    """Return the grants that reach exactly what both reach: of two where one covers the other, the narrower."""
    ours, theirs = frozenset(one), frozenset(other)
    narrow = {grant for grant in ours if _held(grant, theirs)} | {grant for grant in theirs if _held(grant, ours)}
    return frozenset(grant for grant in narrow if not _held(grant, narrow - {grant}))


def decide(requirement: Requirement, grants: Grants) -> Decision:
    """Compare what is needed with what is held: refused are lacking scopes always, lacking categories by default."""
    missing = {scope for scope in requirement.scopes if not _held(scope, grants.scopes)}
    missing |= {f"data:{name}" for name in requirement.filtered if not _held(name, grants.categories)}
    lacking = frozenset(name for name in requirement.categories if not _held(name, grants.categories))
    if not grants.missing_as_null:
        missing |= {f"data:{name}" for name in lacking}
        lacking = frozenset()
    return Denied(tuple(sorted(missing))) if missing else Allowed(lacking)


def masked_coordinates(categories: Mapping[str, str], grants: Grants) -> frozenset[str]:
    """Return the fields that an operation may reach but not show, of those whose category is given by coordinate.

    None for a caller who is refused instead; whoever runs the operation puts the rest into `DisclosingContext.masked`.
    """
    if not grants.missing_as_null:
        return frozenset()
    return frozenset(place for place, category in categories.items() if not _held(category, grants.categories))


def _held(needed: str, granted: AbstractSet[str]) -> bool:
    return any(covers(grant, needed) for grant in granted)
