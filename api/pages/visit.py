"""One request to a page: who visits, what they sent, and the one way to data, the governed path.

The rule: a page reads and changes nothing except by `read` and `change`, so it is audited like any other client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from api.auth.cookies import CSRF, cookie_value, set_cookie
from api.auth.csrf import csrf_token_holds, make_csrf_token, make_form_token
from api.execution.run import Request
from api.kit.secrets import contains_private_key
from api.pages.documents import DOCUMENTS
from api.pages.forms import Fields, Form
from api.pages.languages import Language
from api.pages.moments import Moments
from api.pages.notices import NOTICES
from api.pages.outcome import Outcome, PageStopped, Refusal, read_outcome
from api.pages.preferences import MODES, Preferences
from api.pages.rendering import NO_STORE, html_response, redirect_response
from api.pages.site import House
from api.viewer import Origin, Viewer, anonymous

_SECRETS: Final = ("password", "newPassword", "currentPassword", "oneTimeCode", "csrfToken", "formToken")
_NOTHING_HERE: Final = Refusal("NOT_FOUND", "There is no such page, or it is not yours.", kind="NotFound")


@dataclass(slots=True)
class Visit:
    """A visit. `viewer` is None for whoever is not signed in, and on pages that do not ask."""

    house: House
    request: HttpRequest
    origin: Origin
    headers: dict[str, str]
    form_name: str
    session_secret: str = ""
    viewer: Viewer | None = None
    fields: Fields = field(default_factory=Fields)
    set_cookies: list[str] = field(default_factory=list)
    _account: Mapping[str, Any] = field(default_factory=dict)
    _csrf_token: str = ""

    @property
    def cookie_header(self) -> str:
        """Return the cookies the browser sent."""
        return self.headers.get("cookie", "")

    @property
    def preferences(self) -> Preferences:
        """Return what the browser remembers."""
        return Preferences.read(self.cookie_header)

    @property
    def language(self) -> Language:
        """Return the language the page is drawn in."""
        return self.house.renderer.language(str(self._account.get("language") or self.preferences.language))

    @property
    def moments(self) -> Moments:
        """Return the formatter for this reader's time zone."""
        return Moments(self.house.clock.now(), self._account.get("timeZone", "UTC"), self.language.tag)

    @property
    def notice(self) -> str:
        """Return what the page before this one did, in words; only our own words can be asked for."""
        return NOTICES.get(self.query("done"), "")

    def query(self, name: str) -> str:
        """Return a value of the address's query."""
        return self.request.query_params.get(name, "")

    def path_part(self, name: str) -> str:
        """Return a part of the path."""
        return str(self.request.path_params[name])

    async def read(self, document: str, **variables: Any) -> Mapping[str, Any]:
        """Run a query; raise `PageStopped` if any of it was refused."""
        outcome = await self._run(document, variables)
        if outcome.refusals:
            raise PageStopped(outcome.refusals[0])
        return outcome.data

    async def read_account(self, document: str, **variables: Any) -> Mapping[str, Any]:
        """Run a query of the caller's account; its language, mode and time zone are used to draw the page."""
        data = await self.read(document, **variables)
        if data.get("me") is None:
            raise PageStopped(_NOTHING_HERE)
        self._account = data["me"]
        return data

    async def read_node(self, document: str, global_id: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Run a query of one object; return it with all data, or raise `PageStopped` where it is not the caller's."""
        data = await self.read_account(document, id=global_id)
        node = data.get("node")
        if not node:
            raise PageStopped(_NOTHING_HERE)
        return node, data

    async def change(self, document: str, **input_fields: Any) -> Outcome:
        """Run a mutation with its input; cookies that it sets go out with the answer."""
        variables = {"input": input_fields} if input_fields else {}
        return await self._run(document, variables)

    async def _run(self, document: str, variables: Mapping[str, Any]) -> Outcome:
        context = self.house.make_context(self.viewer or anonymous(self.origin), self.headers)
        answer = await self.house.runner.run(Request(DOCUMENTS[document], None, variables), context)
        self.set_cookies += context.set_cookies
        return read_outcome(answer.body)

    def form(self, outcome: Outcome | None = None) -> Form:
        """Return the form to draw: fresh, or with what was typed and refused. Secrets are not shown again."""
        if outcome is None:
            return Form()
        keys = [name for name, values in self.fields.values.items() if any(map(contains_private_key, values))]
        return Form(self.fields.without(*_SECRETS, *keys), outcome.refusals, sent=True)

    @property
    def csrf_token(self) -> str:
        """Return the token for forms of this session; where the browser kept its cookie back, a new pair is made.

        The cookie is `SameSite=Strict`, so a browser that arrives from a mail does not send it along.
        """
        if not self._csrf_token:
            sent = cookie_value([self.cookie_header], CSRF)
            if sent and csrf_token_holds(self.house.secret, self.session_secret, cookie=sent, sent=sent):
                self._csrf_token = sent
            else:
                self._csrf_token = make_csrf_token(self.house.secret, self.session_secret)
                self.set_cookies.append(set_cookie(CSRF, self._csrf_token))
        return self._csrf_token

    @property
    def form_token(self) -> str:
        """Return the token for a form that works without cookies."""
        return make_form_token(self.house.secret, self.form_name, self.house.clock.now())

    def render(
        self, template: str, status: int = 200, headers: Mapping[str, str] = NO_STORE, **values: Any
    ) -> Response:
        """Return the page."""
        mode = str(self._account.get("displayMode", self.preferences.mode)).lower()
        chrome = {
            "visit": self,
            "site": self.house.site,
            "account": self._account,
            "language": self.language,
            "mode": mode if mode in MODES else "system",
            "moments": self.moments,
            "path": self.request.url.path,
        }
        text = self.house.renderer.draw(template, self.language, {**chrome, **values})
        return html_response(text, status, headers, self.set_cookies)

    def redirect(self, path: str) -> Response:
        """Return a redirect to one of our own pages."""
        return redirect_response(path, self.set_cookies)
