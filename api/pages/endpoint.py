"""From an ASGI request to a page: who visits, may they, was the form ours; and every failure in the same look.

The rule: an action runs only after the browser's own words and our token both say that our page sent the form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from math import ceil
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response

from api.auth.cookies import CSRF, SESSION, cookie_value
from api.auth.csrf import csrf_token_holds, form_token_holds
from api.auth.errors import RequestForged
from api.pages.forms import CSRF_FIELD, FORM_FIELD, read_fields, sent_by_us
from api.pages.outcome import PageStopped, Refusal
from api.pages.site import House
from api.pages.visit import Visit
from api.viewer import Origin, Viewer
from governance.errors import SafeError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Action = Callable[[Visit], Awaitable[Response]]

_log = structlog.get_logger("api.pages")
_SHOWING: Final = frozenset({"GET", "HEAD"})
_WRONG_METHOD: Final = Refusal("METHOD_NOT_ALLOWED", "This address takes no such request. Nothing was changed.")


class Audience(Enum):
    """Whom a page is for. It decides whether the session is looked up, and which token a form carries."""

    EVERYBODY = "everybody"
    """Nothing is looked up; no form."""
    VISITORS = "visitors"
    """The session is looked up if there is one; forms carry a token of their own and need no cookie."""
    HOLDERS = "holders"
    """Signed-in account holders; forms carry the session's CSRF token."""
    STAFF = "staff"
    """Signed-in people of the operator; forms likewise."""


@dataclass(frozen=True, slots=True)
class Page:
    """One address: what it shows, what a form sent to it does, and for whom."""

    path: str
    audience: Audience
    show: Action | None = None
    act: Action | None = None


@dataclass(frozen=True, slots=True)
class PageEndpoint:
    """The ASGI application behind one page."""

    page: Page
    house: House

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Return the page, or a page that says why not."""
        visit = _begin(self.house, request, self.page.path)
        try:
            return await self._answer(visit)
        except PageStopped as stopped:
            return failure(visit, stopped.refusal)
        except SafeError as error:
            return failure(visit, refusal_of(error))
        except Exception as error:  # noqa: BLE001 - the outermost edge of the pages; nothing raw may pass
            _log.exception("page_failed", error=type(error).__name__, request_id=visit.origin.request_id)
            return failure(visit, Refusal("INTERNAL", "Something broke on our side."))

    async def _answer(self, visit: Visit) -> Response:
        showing = visit.request.method in _SHOWING
        action = self.page.show if showing else self.page.act if visit.request.method == "POST" else None
        if action is None:
            return self._wrong_method(visit)
        if not showing:
            visit.fields = await read_fields(visit.headers.get("content-type", ""), visit.request.stream())
        if self.page.audience is not Audience.EVERYBODY and visit.session_secret:
            visit.viewer = await self.house.viewers.signed_in(visit.session_secret, visit.origin)
        elsewhere = self._elsewhere(visit)
        if elsewhere is not None:
            return visit.redirect(elsewhere)
        if not showing and not self._proved(visit):
            raise RequestForged
        return await action(visit)

    def _elsewhere(self, visit: Visit) -> str | None:
        """Return where whoever this page is not for should go instead."""
        viewer = visit.viewer
        if self.page.audience is Audience.HOLDERS and not _is_holder(viewer):
            return "/staff" if viewer is not None else self._sign_in(visit)
        if self.page.audience is Audience.STAFF and (viewer is None or not viewer.is_staff):
            return "/staff/sign-in"
        return None

    def _sign_in(self, visit: Visit) -> str:
        """Return the sign-in page, which leads back; a form that came too late leads to the page it stood on."""
        path = visit.request.url.path
        shown = path if self.page.show else path.rpartition("/")[0]
        return f"/sign-in?{urlencode({'continue': shown})}"

    def _wrong_method(self, visit: Visit) -> Response:
        allowed = [*(["GET", "HEAD"] if self.page.show else []), *(["POST"] if self.page.act else [])]
        response = failure(visit, _WRONG_METHOD)
        response.headers["allow"] = ", ".join(allowed)
        return response

    def _proved(self, visit: Visit) -> bool:
        if not sent_by_us(visit.headers, self.house.site.origin):
            return False
        secret, fields = self.house.secret, visit.fields
        if self.page.audience is Audience.VISITORS:
            return form_token_holds(secret, visit.form_name, fields.text(FORM_FIELD), self.house.clock.now())
        cookie = cookie_value([visit.cookie_header], CSRF)
        return csrf_token_holds(secret, visit.session_secret, cookie=cookie, sent=fields.text(CSRF_FIELD))


def failure(visit: Visit, refusal: Refusal) -> Response:
    """Return the page that says what went wrong, in the look of the others."""
    request_id = visit.origin.request_id
    response = visit.render("shared/failure.html", refusal.status, refusal=refusal, request_id=request_id)
    if refusal.retry_at:
        wait = datetime.fromisoformat(refusal.retry_at) - visit.house.clock.now()
        response.headers["retry-after"] = str(max(ceil(wait.total_seconds()), 1))
    return response


def refusal_of(error: SafeError) -> Refusal:
    """Return a safe error as a page shows it."""
    moment = error.retry_at.isoformat() if error.retry_at else None
    kinds = [kind.__name__ for kind in type(error).__mro__]
    known = ("InvalidInput", "NotFound", "AccessDenied", "Conflict", "RateLimited")
    kind = next((name for name in known if name in kinds), "OtherError")
    return Refusal(error.code, error.message, error.field[0] if error.field else "", moment, kind)


def _begin(house: House, request: Request, form_name: str) -> Visit:
    headers = {name: value for name, value in request.headers.items() if name != "cookie"}
    headers["cookie"] = "; ".join(request.headers.getlist("cookie"))
    origin = request.scope.get("sslm.origin") or Origin()
    secret = cookie_value([headers["cookie"]], SESSION) or ""
    return Visit(house, request, origin, headers, form_name, session_secret=secret)


def _is_holder(viewer: Viewer | None) -> bool:
    return viewer is not None and viewer.account_id is not None
