"""Problem documents as they are stored, read back into data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from api.graphql.errors import CaProblem, ca_problem
from api.graphql.moments import moment_text
from api.issuance.problems import Problem, Subproblem


def stored_problem(document: Mapping[str, Any] | None) -> CaProblem | None:
    """Return the stored problem document as data; null where there is none."""
    if document is None:
        return None
    moment = document.get("retry_at")
    parts = document.get("subproblems") or ()
    return ca_problem(
        Problem(
            type=str(document.get("type") or "about:blank"),
            status=document.get("status"),
            detail=document.get("detail"),
            instance=document.get("instance"),
            subproblems=tuple(
                Subproblem(str(part.get("type") or "about:blank"), part.get("detail"), part.get("identifier"))
                for part in parts
            ),
            retry_at=datetime.fromisoformat(moment) if moment else None,
        )
    )


def problem_values(text: str) -> dict[str, Any]:
    """Return a stored problem document by the names of the schema, for the compiled reads."""
    found = stored_problem(msgspec.json.decode(text))
    assert found is not None, "NULL does not come here"
    return {
        "type": found.type,
        "status": found.status,
        "detail": found.detail,
        "advice": found.advice,
        "retryAt": moment_text(found.retry_at) if found.retry_at else None,
        "subproblems": [
            {"type": part.type, "detail": part.detail, "identifier": part.identifier} for part in found.subproblems
        ],
    }
