"""From headers to a viewer: an API token, a session cookie with its proof of origin, or nobody.

`Sslm-Act-For` names the grant under which the caller acts for somebody else's account; without it, for their own.
A cookie alone never changes anything: the request must show the CSRF token of its session and come from our own page or
an allow-listed origin. A credential that does not hold is refused, never silently taken for nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from api.auth.api_tokens import parse
from api.auth.cookies import CSRF, SESSION, cookie_value
from api.auth.credential_cache import CredentialCache
from api.auth.csrf import csrf_token_holds, sent_by_own_page
from api.auth.errors import GrantRefused, RequestForged
from api.auth.viewers import viewer_of_api_token, viewer_of_session
from api.db.reading import ReaderPool
from api.graphql.nodes import row_id
from api.http.touches import Touches
from api.kit.secrets import hash_secret
from api.models import AccessGrantId
from api.viewer import Origin, Viewer, anonymous
from governance.clock import Clock

ACT_FOR: Final = "sslm-act-for"
_NO_GRANT: Final = AccessGrantId(UUID(int=0))
_TOKEN, _SESSION = b"token ", b"session "
"""Before the hash, so that a secret of one kind never stands for the other."""


@dataclass(slots=True)
class ViewerReader:
    """Reads viewers. `lookups` are connections of the application's role, on which nothing else runs."""

    lookups: ReaderPool
    touches: Touches
    clock: Clock
    csrf_secret: bytes
    own_origin: str
    cache: CredentialCache
    allowed_origins: frozenset[str] = frozenset()
    _looking: dict[bytes, asyncio.Future[Viewer | None]] = field(default_factory=dict)

    async def read(self, headers: Mapping[str, str], origin: Origin) -> Viewer:
        """Return the viewer; raises `CredentialRefused`, `GrantRefused` or `RequestForged`."""
        authorization = headers.get("authorization", "")
        scheme, _, credential = authorization.partition(" ")
        if authorization:
            text = credential.strip() if scheme.lower() == "bearer" else ""
            viewer = await self._of_api_token(text, origin, named_grant(headers))
            self.touches.note(viewer)
            return viewer
        secret = cookie_value([headers.get("cookie", "")], SESSION)
        return await self.of_session(secret or "", headers, origin)

    async def _of_api_token(self, text: str, origin: Origin, act_for: AccessGrantId | None) -> Viewer:
        """Return whose token that is; one that is remembered was read and found right before."""
        key = _key(_TOKEN, text, act_for)
        known = self.cache.get(key, origin)
        if known is not None:
            return known
        parse(text)  # a token that cannot be ours opens no connection

        async def look() -> Viewer:
            ticket = self.cache.ticket()
            found = await viewer_of_api_token(self.lookups, text, origin, self.clock, act_for)
            self.cache.keep(ticket, key, found)
            return found

        viewer = await self._once(key, look)
        assert viewer is not None, "a token is somebody's, or refused"
        return replace(viewer, origin=origin)

    async def of_session(self, secret: str, headers: Mapping[str, str], origin: Origin) -> Viewer:
        """Return who is signed in by cookie, after checking that the request was not forged; else an anonymous one."""
        self._check_origin(headers)
        act_for = named_grant(headers)
        viewer = await self.signed_in(secret, origin, act_for)
        if viewer is None:
            if act_for is not None:
                raise GrantRefused
            return anonymous(origin)
        cookie = cookie_value([headers.get("cookie", "")], CSRF)
        if not csrf_token_holds(self.csrf_secret, secret, cookie=cookie, sent=headers.get("x-csrf-token")):
            raise RequestForged
        return viewer

    async def signed_in(self, secret: str, origin: Origin, act_for: AccessGrantId | None = None) -> Viewer | None:
        """Return who holds this session secret, without looking at the request; for pages that only show."""
        if not secret:
            return None
        key = _key(_SESSION, secret, act_for)
        viewer = self.cache.get(key, origin)
        if viewer is None:

            async def look() -> Viewer | None:
                ticket = self.cache.ticket()
                found = await viewer_of_session(self.lookups, secret, origin, self.clock, act_for)
                if found is not None:
                    self.cache.keep(ticket, key, found)
                return found

            viewer = await self._once(key, look)
            if viewer is None:
                return None
            viewer = replace(viewer, origin=origin)
        self.touches.note(viewer)
        return viewer

    def _check_origin(self, headers: Mapping[str, str]) -> None:
        honest = sent_by_own_page(
            own_origin=self.own_origin,
            allowed_origins=self.allowed_origins,
            origin=headers.get("origin"),
            sec_fetch_site=headers.get("sec-fetch-site"),
        )
        if not honest:
            raise RequestForged

    async def _once(self, key: bytes, look: Callable[[], Awaitable[Viewer | None]]) -> Viewer | None:
        """Look a credential up for everybody who asks for it at the same time."""
        looking = self._looking.get(key)
        if looking is None:
            looking = self._looking[key] = asyncio.ensure_future(look())
            looking.add_done_callback(lambda _: self._looking.pop(key, None))
        return await asyncio.shield(looking)

    async def close(self) -> None:
        """Write down the marks that wait."""
        await self.touches.close()


def named_grant(headers: Mapping[str, str]) -> AccessGrantId | None:
    """Return the grant that a request names; a text that is no id of ours names one that nobody has."""
    text = headers.get(ACT_FOR)
    if text is None:
        return None
    return AccessGrantId(row_id(text.strip(), "AccessGrant") or _NO_GRANT)


def _key(kind: bytes, secret: str, act_for: AccessGrantId | None) -> bytes:
    """Return under what a viewer is remembered: the same credential is somebody else under a grant."""
    return kind + hash_secret(secret) + (act_for.bytes if act_for is not None else b"")
