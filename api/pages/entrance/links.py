"""Links from mails. Opening one changes nothing, because mail programs open links too; its button does.

The token stands in the form, not in the address, from then on; no page here tells another site where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from api.pages.endpoint import Audience, Page
from api.pages.languages import later
from api.pages.outcome import Outcome
from api.pages.visit import Visit


@dataclass(frozen=True, slots=True)
class MailLink:
    """One kind of link: the mutation that spends it, and the words around its button."""

    path: str
    document: str
    done: str
    title: str
    text: str
    button: str

    async def show(self, visit: Visit) -> Response:
        """Show the button."""
        return self._page(visit, visit.query("token"))

    async def act(self, visit: Visit) -> Response:
        """Spend the link."""
        link_token = visit.fields.text("linkToken")
        outcome = await visit.change(self.document, linkToken=link_token)
        if outcome.refusals:
            return self._page(visit, "", outcome)
        return visit.redirect(f"/sign-in?done={self.done}")

    def page(self) -> Page:
        """Return the page of this kind of link."""
        return Page(self.path, Audience.VISITORS, self.show, self.act)

    def _page(self, visit: Visit, link_token: str, outcome: Outcome | None = None) -> Response:
        status = outcome.status if outcome else 200
        return visit.render(
            "entrance/link.html", status, link=self, link_token=link_token, form=visit.form(outcome), action=self.path
        )


LINKS: Final = (
    MailLink(
        "/verify",
        "entrance/VerifyEmail",
        "verified",
        later("Confirm your e-mail address"),
        later("Press the button to confirm that the address we wrote to is yours."),
        later("Confirm my address"),
    ),
    MailLink(
        "/confirm-email",
        "entrance/ConfirmEmailChange",
        "email-changed",
        later("Confirm your new e-mail address"),
        later("Press the button to use this address for your account from now on. We tell the old address."),
        later("Use the new address"),
    ),
    MailLink(
        "/keep-email",
        "entrance/KeepEmail",
        "email-kept",
        later("Keep your e-mail address"),
        later(
            "Press the button if you did not ask for another address. The change is stopped, every session of the "
            "account ends, and we mail you a link to set a new password."
        ),
        later("Stop the change"),
    ),
)
PAGES: Final = tuple(link.page() for link in LINKS)
