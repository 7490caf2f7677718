"""Problem documents (RFC 7807) as values: the authority's own words, bounded.

The rule: everything an authority says about a failure is kept (type, status, detail, instance, subproblems,
Retry-After as UTC), cut to fixed sizes and freed of control characters, and nothing else is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

ACME = "urn:ietf:params:acme:error:"
OWN = "urn:ssl-certificate-manager:problem:"

TEXT_LIMIT = 1000
SUBPROBLEM_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Subproblem:
    """What went wrong for one identifier (RFC 8555 section 6.7.1)."""

    type: str
    detail: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One failure in full. `retry_at` is UTC; `type` is a URN of RFC 8555 or one of our own (`OWN`)."""

    type: str
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    subproblems: tuple[Subproblem, ...] = ()
    retry_at: datetime | None = None

    @property
    def name(self) -> str:
        """The last part of the type: `rateLimited`, `dns`, `protocol` and so on."""
        return self.type.rpartition(":")[2]

    def until(self, moment: datetime | None) -> Problem:
        """Return the same problem with the time of the next try."""
        return replace(self, retry_at=moment)


def own_problem(name: str, detail: str, *, subproblems: tuple[Subproblem, ...] = ()) -> Problem:
    """Make a problem that was noticed here rather than told by the authority."""
    return Problem(type=OWN + name, detail=detail, subproblems=subproblems)


def read_problem(document: object, *, status: int | None = None, retry_at: datetime | None = None) -> Problem:
    """Read a problem document of any shape; what is not understood is left out, nothing raises."""
    fields: dict[str, Any] = document if isinstance(document, dict) else {}
    told = fields.get("status")
    return Problem(
        type=clean(fields.get("type")) or "about:blank",
        status=status if status is not None else told if type(told) is int and 100 <= told <= 599 else None,  # noqa: PLR2004 - the range of RFC 9110
        detail=clean(fields.get("detail")) or clean(fields.get("title")),
        instance=clean(fields.get("instance")),
        subproblems=_read_subproblems(fields.get("subproblems")),
        retry_at=retry_at,
    )


def _read_subproblems(value: object) -> tuple[Subproblem, ...]:
    if not isinstance(value, list):
        return ()
    entries = [entry for entry in value[:SUBPROBLEM_LIMIT] if isinstance(entry, dict)]
    return tuple(
        Subproblem(
            type=clean(entry.get("type")) or "about:blank",
            detail=clean(entry.get("detail")),
            identifier=_identifier(entry.get("identifier")),
        )
        for entry in entries
    )


def _identifier(value: object) -> str | None:
    return clean(value.get("value")) if isinstance(value, dict) else None


def clean(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Return printable text of at most `limit` characters, None for anything that is no text."""
    if not isinstance(value, str):
        return None
    return "".join(letter if letter.isprintable() else " " for letter in value[:limit]).strip() or None
