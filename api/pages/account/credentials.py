"""Password and e-mail address; both ask for the present password."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.auth.passwords import SHORTEST
from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit


async def show_password(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Ask for the present and the new password."""
    await visit.read_account("account/AccountReader")
    status = outcome.status if outcome else 200
    return visit.render("account/password.html", status, form=visit.form(outcome), shortest=SHORTEST)


async def change_password(visit: Visit) -> Response:
    """Set the new password; other sessions end, this one goes on with new cookies."""
    outcome = await visit.change(
        "account/ChangePassword",
        currentPassword=visit.fields.text("currentPassword"),
        newPassword=visit.fields.text("newPassword"),
    )
    if outcome.refusals:
        return await show_password(visit, outcome)
    return visit.redirect("/account/settings?done=password-changed")


async def show_email(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Ask for the new address."""
    await visit.read_account("account/AccountReader")
    return visit.render("account/email.html", outcome.status if outcome else 200, form=visit.form(outcome))


async def change_email(visit: Visit) -> Response:
    """Have a link mailed to the new address, and a notice to the present one."""
    outcome = await visit.change(
        "account/RequestEmailChange",
        newEmail=visit.fields.text("newEmail"),
        currentPassword=visit.fields.text("currentPassword"),
    )
    if outcome.refusals:
        return await show_email(visit, outcome)
    return visit.redirect("/account/settings?done=email-change-sent")


PAGES: Final = (
    Page("/account/password", Audience.HOLDERS, show_password, change_password),
    Page("/account/email", Audience.HOLDERS, show_email, change_email),
)
