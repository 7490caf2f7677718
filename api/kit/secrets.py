"""Secrets: recognise the private keys we never accept, make and compare the random ones we hand out.

One rule: nothing here logs, stores or repeats what it was given.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from api.kit.errors import InvalidInput
from api.kit.private_key_der import holds_private_key_der
from api.kit.private_key_text import holds_private_key_text

FIXED_REFUSAL = (
    "This contains a private key, so it was refused before anything of it was stored or logged. "
    "Nothing was changed. The key has left your machine: consider it burnt, make a new one, revoke certificates "
    "that use it, and send only the certificate signing request."
)


class PrivateKeyRefused(InvalidInput):
    """A private key arrived; the message is the same whatever was sent."""

    code = "PRIVATE_KEY_REFUSED"

    def __init__(self, *, field: tuple[str, ...] = ()) -> None:
        super().__init__(FIXED_REFUSAL, rule="no-private-keys", field=field)


def contains_private_key(value: str | bytes) -> bool:
    """Find a private key in any spelling, anywhere in `value`; linear in its length."""
    if isinstance(value, bytes):
        return holds_private_key_der(value) or holds_private_key_text(value.decode("latin-1"))
    if holds_private_key_text(value):
        return True
    return not value.isascii() and holds_private_key_der(value.encode("latin-1", "replace"))


def constant_time_equal(left: str | bytes, right: str | bytes) -> bool:
    """Compare without telling by time where the two differ."""
    return hmac.compare_digest(_octets(left), _octets(right))


def random_url_token(octets: int = 32) -> str:
    """Return `octets` random bytes as unpadded base64url."""
    return secrets.token_urlsafe(octets)


def hash_secret(token: str) -> bytes:
    """Return the SHA-256 of a random token. Only for tokens with at least 128 random bits; passwords need Argon2id."""
    return hashlib.sha256(_octets(token)).digest()


def _octets(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
