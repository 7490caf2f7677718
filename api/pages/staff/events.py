"""Where staff arrive: the audit log, newest first, for those whose role may read it."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.visit import Visit

_SCOPE: Final = "audit:read"
_PAGE_SIZE: Final = 50


async def show(visit: Visit) -> Response:
    """Show a page of the log, or what else the role is for."""
    viewer = visit.viewer
    events = None
    if viewer is not None and _SCOPE in viewer.grants.scopes:
        data = await visit.read("staff/StaffAuditEvents", first=_PAGE_SIZE, after=visit.query("after") or None)
        events = data["auditEvents"]
    return visit.render("staff/events.html", events=events, role=viewer.role.value if viewer else "")


PAGES: Final = (Page("/staff", Audience.STAFF, show),)
