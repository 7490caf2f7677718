"""Who else may act for the account: shown, granted, ended at once. And whom the reader may act for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from api.auth.delegation import DELEGABLE_CATEGORIES, DELEGABLE_SCOPES
from api.auth.scopes import SCOPES
from api.kit.secrets import random_url_token
from api.pages.account.wording import CATEGORY_MEANINGS, SENT_MEANINGS, category_meanings, scope_meanings
from api.pages.endpoint import Audience, Page
from api.pages.outcome import Outcome
from api.pages.visit import Visit

PATH: Final = "/account/access"
LIVES: Final = (30, 90, 365)
_PAGE_SIZE: Final = 25
_SCOPES_OFFERED: Final = tuple((scope, meaning) for scope, meaning in SCOPES.items() if scope in DELEGABLE_SCOPES)
_CATEGORIES_OFFERED: Final = tuple((name, CATEGORY_MEANINGS[name]) for name in sorted(DELEGABLE_CATEGORIES))


async def show(visit: Visit, outcome: Outcome | None = None) -> Response:
    """Show the grants, the form to grant, and what left for others lately."""
    after = visit.query("after") or None
    data = await visit.read_account("account/AccountAccess", first=_PAGE_SIZE, after=after)
    used = outcome is not None and outcome.refused_with("IDEMPOTENCY_KEY_REUSED")
    key = "" if used else visit.fields.text("idempotencyKey")
    return visit.render(
        "account/access.html",
        outcome.status if outcome else 200,
        form=visit.form(outcome),
        grants=data["accessGrants"],
        disclosures=data["me"]["disclosures"],
        partners=data["partners"],
        granted=data["grantedAccounts"],
        scopes=_SCOPES_OFFERED,
        categories=_CATEGORIES_OFFERED,
        lives=LIVES,
        scope_meanings=scope_meanings,
        category_meanings=category_meanings,
        sent_meanings=SENT_MEANINGS,
        idempotency_key=key or random_url_token(),
    )


async def grant(visit: Visit) -> Response:
    """Grant a partner, or invite a teammate where no partner was chosen."""
    fields, partner = visit.fields, visit.fields.optional("partnerId")
    days = fields.text("days")
    life = timedelta(days=int(days) if days in map(str, LIVES) else LIVES[0])
    terms = {
        "scopes": fields.all("scopes"),
        "categories": fields.all("categories"),
        "until": _until(visit, life),
        "idempotencyKey": fields.text("idempotencyKey"),
    }
    if partner is not None:
        outcome = await visit.change("account/GrantPartnerAccess", partnerId=partner, **terms)
        done = f"{PATH}?done=access-granted"
    else:
        outcome = await visit.change("account/GrantTeammateAccess", email=fields.text("email"), **terms)
        done = f"{PATH}?done=access-invited"
    return await show(visit, outcome) if outcome.refusals else visit.redirect(done)


def _until(visit: Visit, life: timedelta) -> str:
    """Return the end of the day that is so far away: the same form sent twice within a day asks for the same."""
    end = (visit.house.clock.now() + life).replace(hour=23, minute=59, second=59, microsecond=0)
    return end.isoformat()


async def revoke(visit: Visit) -> Response:
    """End a grant or withdraw an invitation."""
    outcome = await visit.change("account/RevokeAccessGrant", accessGrantId=visit.fields.text("accessGrantId"))
    return await show(visit, outcome) if outcome.refusals else visit.redirect(f"{PATH}?done=access-ended")


async def invitation(visit: Visit) -> Response:
    """Show the button behind an invitation's link, or say to sign in first; opening the link changes nothing."""
    return _invitation(visit, visit.query("token"))


async def accept(visit: Visit) -> Response:
    """Accept an invitation."""
    outcome = await visit.change("account/AcceptAccessGrant", linkToken=visit.fields.text("linkToken"))
    return _invitation(visit, "", outcome) if outcome.refusals else visit.redirect(f"{PATH}?done=access-accepted")


def _invitation(visit: Visit, link_token: str, outcome: Outcome | None = None) -> Response:
    status = outcome.status if outcome else 200
    return visit.render(
        "account/accept_access.html", status, form=visit.form(outcome), link_token=link_token, viewer=visit.viewer
    )


PAGES: Final = (
    Page(PATH, Audience.HOLDERS, show, grant),
    Page(f"{PATH}/revoke", Audience.HOLDERS, act=revoke),
    Page(f"{PATH}/accept", Audience.HOLDERS, act=accept),
    Page("/accept-access", Audience.VISITORS, invitation),
)
