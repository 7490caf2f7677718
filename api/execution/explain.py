"""What a plan is, told without running it: cost, personal data by path, what is needed and what the caller lacks.

The rule: nothing is read and nothing is recorded, because nothing is shown; whoever asks learns about their document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.execution.arguments import NotCompiled
from api.execution.plan import Plan
from api.execution.read import Path
from api.execution.selection import Field
from governance.access import Denied, Grants, decide, masked_coordinates
from governance.tags import PersonalData


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One personal field of an operation: where it stands in the answer, what it is, and whether it will be null."""

    path: str
    coordinate: str
    tag: PersonalData
    masked: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of an operation before it runs.

    `resolved` names what the compiler leaves to the resolvers: response keys, or why all of it is left. `missing` names
    the grants for want of which the operation would be refused.
    """

    operation: str
    document_hash: str
    cost: int
    path: Path
    resolved: tuple[str, ...]
    scopes: tuple[str, ...]
    categories: tuple[str, ...]
    purposes: tuple[str, ...]
    missing: tuple[str, ...]
    fields: tuple[ExplainedField, ...]

    def entry(self) -> dict[str, Any]:
        """Return it as JSON members, by the names that the schema uses."""
        return {
            "operation": self.operation,
            "documentHash": self.document_hash,
            "cost": self.cost,
            "plan": self.path.value,
            "resolved": list(self.resolved),
            "scopes": list(self.scopes),
            "categories": list(self.categories),
            "purposes": list(self.purposes),
            "missing": list(self.missing),
            "personalData": [
                {
                    "path": one.path,
                    "coordinate": one.coordinate,
                    "category": one.tag.category,
                    "purposes": purposes_of(one.tag),
                    "retention": str(one.tag.retention.value),
                    "masked": one.masked,
                }
                for one in self.fields
            ],
        }


def purposes_of(tag: PersonalData) -> list[str]:
    """Return the purposes of a tag by their names in the schema, sorted."""
    return sorted(purpose.name for purpose in tag.purposes)


def explain(plan: Plan, coerced: Mapping[str, Any], grants: Grants) -> Explanation:
    """Return what is known of a plan for this caller; nothing runs."""
    categories = {coordinate: plan.category(coordinate) for coordinate in plan.coordinates}
    masked = masked_coordinates(categories, grants)
    decision = decide(plan.requirement, grants)
    path, resolved = _path(plan, coerced)
    fields = tuple(
        ExplainedField(place, one.coordinate, plan.tag(one.coordinate), one.coordinate in masked)
        for place, one in _places(plan.fields, "")
        if one.coordinate in plan.coordinates
    )
    return Explanation(
        operation=plan.operation,
        document_hash=plan.document_hash,
        cost=plan.cost(coerced),
        path=path,
        resolved=resolved,
        scopes=tuple(sorted(plan.requirement.scopes)),
        categories=tuple(sorted(plan.requirement.categories | plan.requirement.filtered)),
        purposes=tuple(sorted({name for one in fields for name in purposes_of(one.tag)})),
        missing=decision.missing if isinstance(decision, Denied) else (),
        fields=fields,
    )


def _path(plan: Plan, coerced: Mapping[str, Any]) -> tuple[Path, tuple[str, ...]]:
    try:
        compiled = plan.compiled(coerced)
    except NotCompiled as left:
        payloads = plan.payloads(coerced)
        return (Path.MIXED, plan.root_fields) if payloads is not None else (Path.RESOLVED, (left.reason,))
    left_keys = compiled.statement.left
    return (Path.MIXED, left_keys) if left_keys else (Path.COMPILED, ())


def _places(fields: Sequence[Field], above: str) -> Iterator[tuple[str, Field]]:
    """Yield every field with its path in the answer; behind an interface the path names the type."""
    for one in fields:
        place = f"{above}.{one.key}" if above else one.key
        yield place, one
        for kind, below in one.children.items():
            yield from _places(below, f"{place}({kind})" if len(one.children) > 1 else place)
