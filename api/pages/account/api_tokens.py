"""API tokens. A new one's text is on the page that made it and nowhere afterwards: only its hash is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from api.auth.categories import CATEGORIES, category_entries
from api.auth.scopes import HOLDER_SCOPES, SCOPES
from api.pages.endpoint import Audience, Page
from api.pages.forms import Fields
from api.pages.outcome import Outcome
from api.pages.visit import Visit

PATH: Final = "/account/api-tokens"
LIVES: Final = (30, 90, 365)
_PAGE_SIZE: Final = 25
_OFFERED: Final = tuple((scope, meaning) for scope, meaning in SCOPES.items() if scope in HOLDER_SCOPES)


async def show(visit: Visit, outcome: Outcome | None = None, made: Mapping[str, Any] | None = None) -> Response:
    """Show the tokens, and the text of the one that was just made."""
    after = visit.query("after") or None
    account = (await visit.read_account("account/AccountApiTokens", first=_PAGE_SIZE, after=after))["me"]
    return visit.render(
        "account/api_tokens.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        api_tokens=account["apiTokens"],
        made=made,
        scopes=_OFFERED,
        categories=tuple(CATEGORIES.items()),
        lives=LIVES,
    )


async def create(visit: Visit) -> Response:
    """Make a token. This page cannot be a redirect: its secret must not be stored anywhere to survive one."""
    days = visit.fields.text("expiresInDays")
    outcome = await visit.change(
        "account/CreateApiToken",
        name=visit.fields.text("name"),
        scopes=[*visit.fields.all("scopes"), *_data(visit.fields)],
        expiresInDays=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else None,  # noqa: PLR2004
        onMissingCategory="NULL" if visit.fields.text("onMissingCategory") == "NULL" else "REFUSE",
    )
    if outcome.refusals:
        return await show(visit, outcome)
    return await show(visit, made=outcome.data["createApiToken"])


def _data(fields: Fields) -> tuple[str, ...]:
    """Return the categories that were ticked, as entries among the scopes; where none was, a token for no data."""
    return category_entries(fields.all("categories")) if fields.text("data") == "some" else ()


async def revoke(visit: Visit) -> Response:
    """End a token."""
    outcome = await visit.change("account/RevokeApiToken", apiTokenId=visit.fields.text("apiTokenId"))
    return await show(visit, outcome) if outcome.refusals else visit.redirect(f"{PATH}?done=token-revoked")


async def moved(visit: Visit) -> Response:
    """Lead from the short address to the page."""
    return visit.redirect(PATH)


PAGES: Final = (
    Page(PATH, Audience.HOLDERS, show, create),
    Page(f"{PATH}/revoke", Audience.HOLDERS, act=revoke),
    Page("/account/tokens", Audience.HOLDERS, moved),
)
