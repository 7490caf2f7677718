"""The privacy policy and the data register, for everybody, without a cookie (clauses 0-a, 1-a).

The policy's own lists are printed by the register, from the tags on the columns, so that they cannot be out of date.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.languages import later
from api.pages.rendering import PUBLIC
from api.pages.visit import Visit

_SECTIONS: Final = {
    "1.1": later("Account information"),
    "1.2": later("Domain and server information"),
    "1.3": later("Payment information"),
    "1.4": later("Usage and technical data"),
    "1.5": later("Communication data"),
}


async def show_policy(visit: Visit) -> Response:
    """Show the present policy."""
    return visit.render("public/privacy_policy.html", headers=PUBLIC)


async def show_register(visit: Visit) -> Response:
    """Show what is held about people, field by field, without any value."""
    rows = visit.house.register
    numbers = sorted(set(_SECTIONS) | {row.section for row in rows})
    sections = [
        (number, _SECTIONS.get(number, ""), [row for row in rows if row.section == number]) for number in numbers
    ]
    purposes = {purpose.code: purpose for row in rows for purpose in row.purposes}
    periods = {row.retention: row.retention_period for row in rows}
    return visit.render(
        "public/data_register.html",
        headers=PUBLIC,
        sections=sections,
        purposes=[purposes[code] for code in sorted(purposes)],
        periods=sorted(periods.items()),
    )


PAGES: Final = (
    Page("/privacy", Audience.EVERYBODY, show_policy),
    Page("/privacy/data-register", Audience.EVERYBODY, show_register),
)
