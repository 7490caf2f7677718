"""Settings a holder changes alone (clause 8.2-b). Saving is the one act that may set the preferences cookie (5.1-b)."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.pages.account.choices import country_choices, language_choices, time_zone_choices
from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.preferences import Preferences
from api.pages.visit import Visit

_SWITCHES: Final = ("expiry", "failure", "installation")
_MODES: Final = frozenset({"SYSTEM", "LIGHT", "DARK"})


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the form with the present values."""
    await visit.read_account("account/AccountSettings")
    return visit.render(
        "account/settings.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        countries=country_choices(visit.language.tag),
        languages=language_choices(),
        time_zones=time_zone_choices(),
    )


async def act(visit: Visit) -> Response:
    """Save, and let this browser remember what pages need before anybody is signed in."""
    fields = visit.fields
    mode = fields.text("displayMode")
    outcome = await visit.change(
        "account/UpdateSettings",
        displayName=fields.optional("displayName"),
        companyName=fields.optional("companyName"),
        country=fields.optional("country"),
        language=fields.text("language"),
        timeZone=fields.text("timeZone"),
        displayMode=mode if mode in _MODES else "SYSTEM",
        notifications={name: fields.checked(f"notify-{name}") for name in _SWITCHES},
    )
    if outcome.refusals:
        return await show(visit, outcome)
    wanted = Preferences(fields.text("language"), mode.lower() if mode in _MODES else "system")
    if wanted != visit.preferences:
        visit.set_cookies.append(wanted.cookie())
    return visit.redirect("/account/settings?done=settings-saved")


PAGES: Final = (Page("/account/settings", Audience.HOLDERS, show, act),)
