"""Signing in, for holders and for staff, and the step after it that notices blocked cookies (clause 5.2-b).

The rule: where a person goes afterwards is one of our own pages, whatever the address asked for.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.notices import NOTICES
from api.pages.outcome import Outcome
from api.pages.paths import HOME, is_own_path, own_path
from api.pages.visit import Visit

_STAFF_HOME: Final = "/staff"


async def show(visit: Visit) -> Response:
    """Show the form, or go on for whoever is signed in already."""
    if visit.viewer is not None:
        return visit.redirect(_home(visit, visit.query("continue")))
    return _page(visit, visit.query("continue"))


async def act(visit: Visit) -> Response:
    """Sign in."""
    outcome = await visit.change(
        "entrance/SignIn",
        email=visit.fields.text("email"),
        password=visit.fields.text("password"),
        staySignedIn=visit.fields.checked("staySignedIn"),
    )
    destination = visit.fields.text("continue")
    if outcome.refusals:
        return _page(visit, destination, outcome)
    query = f"?{urlencode({'continue': destination})}" if is_own_path(destination) else ""
    return visit.redirect(f"/signed-in{query}")


async def show_staff(visit: Visit) -> Response:
    """Show the form for staff."""
    if visit.viewer is not None and visit.viewer.is_staff:
        return visit.redirect(_STAFF_HOME)
    return _staff_page(visit)


async def act_staff(visit: Visit) -> Response:
    """Sign in with a one-time code."""
    outcome = await visit.change(
        "entrance/StaffSignIn",
        email=visit.fields.text("email"),
        password=visit.fields.text("password"),
        oneTimeCode=visit.fields.text("oneTimeCode"),
    )
    return _staff_page(visit, outcome) if outcome.refusals else visit.redirect("/signed-in?continue=/staff")


async def arrive(visit: Visit) -> Response:
    """Go on, or say that the browser did not bring the session's cookie back."""
    if visit.viewer is None:
        return visit.render("entrance/cookies_blocked.html", 403)
    return visit.redirect(_home(visit, visit.query("continue")))


def _home(visit: Visit, asked: str) -> str:
    if visit.viewer is not None and visit.viewer.is_staff:
        return own_path(asked, _STAFF_HOME) if asked.startswith(_STAFF_HOME) else _STAFF_HOME
    path = own_path(asked)
    return f"{path}?done={visit.query('done')}" if path == HOME and visit.query("done") in NOTICES else path


def _page(visit: Visit, destination: str, outcome: Outcome | None = None) -> Response:
    status = outcome.status if outcome else 200
    kept = own_path(destination, "")
    return visit.render("entrance/sign_in.html", status, form=visit.form(outcome), destination=kept)


def _staff_page(visit: Visit, outcome: Outcome | None = None) -> Response:
    status = outcome.status if outcome else 200
    return visit.render("entrance/staff_sign_in.html", status, form=visit.form(outcome))


PAGES: Final = (
    Page("/sign-in", Audience.VISITORS, show, act),
    Page("/staff/sign-in", Audience.VISITORS, show_staff, act_staff),
    Page("/signed-in", Audience.VISITORS, arrive),
)
