"""API tokens: `sslm_`, 30 random base62 characters, and 6 that check the rest (CRC-32).

The rule: a text with a wrong checksum is refused before any database is asked, and only a hash is ever stored.
178 random bits make a plain SHA-256 enough.
"""

from __future__ import annotations

import re
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Final

from api.auth.errors import CredentialRefused
from api.kit.secrets import constant_time_equal, hash_secret

PREFIX: Final = "sslm_"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 30
_CHECK_LENGTH: Final = 6
_HINT_LENGTH: Final = 9
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECK_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class ApiTokenSecret:
    """A well-formed token; its text is shown to its owner once and hidden from every representation."""

    text: str = field(repr=False)

    @property
    def secret_hash(self) -> bytes:
        """Return what is stored and looked up."""
        return hash_secret(self.text)

    @property
    def hint(self) -> str:
        """Return the beginning, by which its owner tells tokens apart."""
        return self.text[:_HINT_LENGTH] + "…"


def mint() -> ApiTokenSecret:
    """Make a new token."""
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return ApiTokenSecret(body + _checksum(body))


def parse(text: str) -> ApiTokenSecret:
    """Read a token somebody sent; raise `CredentialRefused` if its form or checksum is wrong."""
    if not _FORM.fullmatch(text):
        raise CredentialRefused
    body, check = text[:-_CHECK_LENGTH], text[-_CHECK_LENGTH:]
    if not constant_time_equal(check, _checksum(body)):
        raise CredentialRefused
    return ApiTokenSecret(text)


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
