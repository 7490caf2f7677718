"""What the fields of one operation are given. Sessions are opened where they are used, never kept here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from api.db.sessions import Sessions
from api.execution.explain import Explanation
from api.execution.read import Event
from api.execution.run import Request
from api.graphql.services import Services
from api.viewer import Viewer
from api.work import Works
from governance.audit.disclosures import Disclosures
from governance.clock import Clock

Explains = Callable[[Request, Viewer], Explanation]
"""Tells of a request what it would cost, show and need."""


@dataclass(slots=True)
class Context:
    """One operation's surroundings."""

    viewer: Viewer
    sessions: Sessions
    works: Works
    clock: Clock
    services: Services
    explain: Explains | None = None
    cookie_header: str = ""
    disclosures: Disclosures = field(default_factory=Disclosures)
    masked: frozenset[str] = frozenset()
    set_cookies: list[str] = field(default_factory=list)
    event: Event | None = None
