"""The audit events of an operation: what was shown, what was refused. One event for each operation (ADR 4)."""

from __future__ import annotations

from collections.abc import Mapping

from api.execution.plan import Plan
from api.viewer import Viewer
from governance.audit.event import AuditEvent, EventKind, Outcome
from governance.ids import Pseudonym


def disclosure(
    plan: Plan,
    viewer: Viewer,
    *,
    coordinates: frozenset[str],
    data_subjects: frozenset[Pseudonym],
    row_counts: Mapping[str, int],
) -> AuditEvent:
    """Return the event of showing these fields; its categories and purposes are those of what was shown."""
    purposes, categories = plan.told(coordinates)
    return AuditEvent(
        kind=EventKind.DISCLOSURE,
        actor=viewer.actor,
        operation=plan.operation,
        document=plan.document_hash,
        purposes=purposes,
        categories=categories,
        coordinates=coordinates,
        data_subjects=data_subjects,
        row_counts=row_counts,
        request_id=viewer.origin.request_id,
        sealed=viewer.sealed_origin(),
    )


def denial(plan: Plan, viewer: Viewer) -> AuditEvent:
    """Return the event of a refusal: what was asked for, and that nothing was shown."""
    return AuditEvent(
        kind=EventKind.SECURITY,
        actor=viewer.actor,
        operation=plan.operation,
        outcome=Outcome.DENIED,
        document=plan.document_hash,
        purposes=plan.purposes,
        categories=plan.requirement.categories,
        coordinates=plan.coordinates,
        request_id=viewer.origin.request_id,
        sealed=viewer.sealed_origin(),
    )
