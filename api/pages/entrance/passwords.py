"""A forgotten password: a link by mail, then a new one. The answers tell nobody who has an account."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.auth.passwords import SHORTEST
from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit


async def show_forgotten(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Ask for the address."""
    status = outcome.status if outcome else 200
    return visit.render("entrance/forgot_password.html", status, form=visit.form(outcome))


async def ask_for_link(visit: Visit) -> Response:
    """Have a link mailed, if the address has an account."""
    outcome = await visit.change("entrance/RequestPasswordReset", email=visit.fields.text("email"))
    return await show_forgotten(visit, outcome) if outcome.refusals else visit.redirect("/forgot-password/sent")


async def sent(visit: Visit) -> Response:
    """Say that a mail is on its way, if there is whom to write to."""
    return visit.render("entrance/forgot_password_sent.html")


async def show_reset(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Ask for the new password."""
    status = outcome.status if outcome else 200
    link_token = visit.fields.text("linkToken") or visit.query("token")
    if outcome and any(refusal.field == "linkToken" for refusal in outcome.refusals):
        link_token = ""
    return visit.render(
        "entrance/reset_password.html", status, form=visit.form(outcome), link_token=link_token, shortest=SHORTEST
    )


async def reset(visit: Visit) -> Response:
    """Set the new password; every session of the account ends."""
    outcome = await visit.change(
        "entrance/ResetPassword",
        linkToken=visit.fields.text("linkToken"),
        newPassword=visit.fields.text("newPassword"),
    )
    return await show_reset(visit, outcome) if outcome.refusals else visit.redirect("/sign-in?done=password-set")


PAGES: Final = (
    Page("/forgot-password", Audience.VISITORS, show_forgotten, ask_for_link),
    Page("/forgot-password/sent", Audience.EVERYBODY, sent),
    Page("/reset-password", Audience.VISITORS, show_reset, reset),
)
