"""`/schema.graphql`: the schema as text, with its directives, which introspection cannot show.

The rule: a caller is shown what they may use. Whoever may read the schema is shown all of it for `?all=1`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from api.auth.cookies import SESSION, cookie_value
from api.auth.errors import GrantRefused
from api.db.trouble import database_is_away
from api.execution.answers import refusal
from api.execution.run import READS_SCHEMA
from api.http.origin import headers_of
from api.http.viewers import ViewerReader, named_grant
from api.kit.errors import AccessDenied, Unavailable
from api.viewer import Origin, Viewer, anonymous
from governance.access import covers
from governance.errors import SafeError
from governance.visible_schema import VisibleSchema

_STATUS: Final = {"CREDENTIAL_REFUSED": 401, "GRANT_REFUSED": 403, "UNAVAILABLE": 503}
_HEADERS: Final = {
    "cache-control": "private, no-cache",
    "vary": "Authorization, Cookie, Sslm-Act-For",
    "x-content-type-options": "nosniff",
}
_log = structlog.get_logger("api.http")


@dataclass(frozen=True, slots=True)
class SchemaText:
    """Serves the text with an entity tag, so that clients notice a change cheaply; equal callers have equal tags."""

    whole: str
    visible: VisibleSchema
    viewers: ViewerReader

    async def serve(self, request: Request) -> Response:
        """Answer with the text, or with 304 where the caller has it."""
        origin: Origin = request.scope["sslm.origin"]
        try:
            text = self._text(request, await self._viewer(request, origin))
        except SafeError as error:
            return _refused(error, origin)
        except Exception as error:
            if not database_is_away(error):
                raise
            _log.exception("request_failed", error=type(error).__name__, request_id=origin.request_id)
            return _refused(Unavailable(), origin)
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        headers = _HEADERS | {"etag": tag}
        known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
        if known & {tag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(text, media_type="application/graphql; charset=utf-8", headers=headers)

    async def _viewer(self, request: Request, origin: Origin) -> Viewer:
        """Return who asks. A session's cookie is enough: nothing is changed, and no other site may read the answer."""
        if request.headers.get("authorization"):
            return await self.viewers.read(headers_of(request.scope), origin)
        secret = cookie_value(request.headers.getlist("cookie"), SESSION)
        act_for = named_grant(request.headers)
        viewer = await self.viewers.signed_in(secret or "", origin, act_for)
        if viewer is None and act_for is not None:
            raise GrantRefused
        return viewer or anonymous(origin)

    def _text(self, request: Request, viewer: Viewer) -> str:
        if request.query_params.get("all") != "1":
            return self.visible.text(viewer.grants)
        if not any(covers(held, READS_SCHEMA) for held in viewer.grants.scopes):
            raise AccessDenied(
                "The whole schema is for those who may read it, so it is not shown. Leave `all` out, or use a session "
                "or API token that holds what `missing` names.",
                missing=(READS_SCHEMA,),
            )
        return self.whole


def _refused(error: SafeError, origin: Origin) -> Response:
    """Return a refusal in the one shape that errors have."""
    status = _STATUS.get(error.code, 403)
    headers = _HEADERS | ({"www-authenticate": "Bearer"} if error.code == "CREDENTIAL_REFUSED" else {})
    body = msgspec.json.encode(refusal(error, origin.request_id).body)
    return Response(body, status, media_type="application/json", headers=headers)
