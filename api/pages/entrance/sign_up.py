"""Sign-up: an address, a password, the statement about age, and nothing else (clauses 1.1-a, 7-c, 9-a, 9-b)."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from api.auth.passwords import SHORTEST
from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the form."""
    status = outcome.status if outcome else 200
    return visit.render("entrance/sign_up.html", status, form=visit.form(outcome), shortest=SHORTEST)


async def act(visit: Visit) -> Response:
    """Sign up; the answer is the same whether the address is known or not."""
    outcome = await visit.change(
        "entrance/SignUp",
        email=visit.fields.text("email"),
        password=visit.fields.text("password"),
        ageStatement=visit.fields.checked("ageStatement"),
        language=visit.language.tag,
    )
    return await show(visit, outcome) if outcome.refusals else visit.redirect("/sign-up/sent")


async def sent(visit: Visit) -> Response:
    """Say that a mail is on its way."""
    return visit.render("entrance/sign_up_sent.html")


PAGES: Final = (
    Page("/sign-up", Audience.VISITORS, show, act),
    Page("/sign-up/sent", Audience.EVERYBODY, sent),
)
