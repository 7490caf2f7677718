"""Proof that a request with cookies was sent by our own page, and not by another site in the person's browser.

The rule: a change by cookie needs both a token that only our origin can read (bound to the session by HMAC) and no
header of the browser that speaks against it. Programs with an API token carry no cookie and need neither.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from api.kit.secrets import constant_time_equal

FORM_LIFE: Final = timedelta(hours=12)
_NONCE_OCTETS = 16
_TIME_OCTETS = 8


def make_csrf_token(secret: bytes, session_secret: str) -> str:
    """Return a fresh token for the `__Host-csrf` cookie of a session; an empty session secret means a visitor."""
    nonce = _text(secrets.token_bytes(_NONCE_OCTETS))
    return f"{nonce}.{_proof(secret, 'session', nonce, session_secret)}"


def csrf_token_holds(secret: bytes, session_secret: str, *, cookie: str | None, sent: str | None) -> bool:
    """Check the double submit: what the page sent equals the cookie, and both belong to this session."""
    if not cookie or not sent or not constant_time_equal(cookie, sent):
        return False
    nonce, _, proof = cookie.partition(".")
    return constant_time_equal(proof, _proof(secret, "session", nonce, session_secret))


def make_form_token(secret: bytes, form: str, now: datetime) -> str:
    """Return a token for a form that works without any cookie; it holds for one form and twelve hours."""
    stamp = int(now.timestamp()).to_bytes(_TIME_OCTETS, "big")
    nonce = _text(stamp + secrets.token_bytes(_NONCE_OCTETS))
    return f"{nonce}.{_proof(secret, 'form', nonce, form)}"


def form_token_holds(secret: bytes, form: str, sent: str | None, now: datetime) -> bool:
    """Check that we made this token, for this form, within the last twelve hours."""
    nonce, _, proof = (sent or "").partition(".")
    if not constant_time_equal(proof, _proof(secret, "form", nonce, form)):
        return False
    made_at = datetime.fromtimestamp(int.from_bytes(_octets(nonce)[:_TIME_OCTETS], "big"), UTC)
    return made_at <= now + timedelta(minutes=5) and now - made_at <= FORM_LIFE


def sent_by_own_page(
    *, own_origin: str, allowed_origins: Collection[str] = (), origin: str | None, sec_fetch_site: str | None
) -> bool:
    """Read what the browser says of the sender: `Origin` decides; without it `Sec-Fetch-Site` must not speak against.

    Programs send neither header and pass; the token is checked besides.
    """
    if origin is not None:
        return origin == own_origin or origin in allowed_origins
    return sec_fetch_site in {None, "same-origin", "none"}


def _proof(secret: bytes, kind: str, nonce: str, bound_to: str) -> str:
    digest = hashlib.sha256(bound_to.encode("utf-8", "surrogatepass")).hexdigest()
    message = f"{kind}\n{nonce}\n{digest}".encode("utf-8", "surrogatepass")
    return _text(hmac.digest(secret, message, "sha256"))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
