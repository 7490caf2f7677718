"""Passwords: which may be chosen, and Argon2id (RFC 9106) for those that are.

The rule: hashing never runs on the event loop, and an unknown address costs the same work as a known one.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from dataclasses import dataclass
from functools import partial
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from api.auth.common_passwords import is_common
from api.auth.errors import PasswordRefused

SHORTEST: Final = 12
LONGEST: Final = 256
_SALT_OCTETS: Final = 16
_HASH_OCTETS: Final = 32


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """Cost of one hash."""

    memory_kib: int
    passes: int
    lanes: int


PRODUCTION: Final = Argon2Parameters(memory_kib=64 * 1024, passes=3, lanes=4)
"""The second recommended option of RFC 9106 section 4."""


class Passwords:
    """Hashes and verifies with a bounded number of threads; one for each process, made in the composition root."""

    def __init__(self, parameters: Argon2Parameters = PRODUCTION, *, concurrency: int = 2) -> None:
        self._hasher = PasswordHasher(
            time_cost=parameters.passes,
            memory_cost=parameters.memory_kib,
            parallelism=parameters.lanes,
            hash_len=_HASH_OCTETS,
            salt_len=_SALT_OCTETS,
            type=Type.ID,
        )
        self._dummy = _unmatchable(parameters)
        self._free = asyncio.Semaphore(concurrency)

    async def hash(self, password: str) -> str:
        """Return the encoded hash of a password that `check_new_password` accepted."""
        async with self._free:
            return await asyncio.to_thread(partial(self._hasher.hash, _octets(password)))

    async def verify(self, stored: str, password: str) -> bool:
        """Compare with a stored hash; a malformed one matches nothing."""
        async with self._free:
            return await asyncio.to_thread(self._matches, stored, _octets(password))

    async def verify_dummy(self, password: str) -> None:
        """Do the work of `verify` for an address nobody has, so that time does not tell who has an account."""
        await self.verify(self._dummy, password)

    def needs_rehash(self, stored: str) -> bool:
        """Tell whether a stored hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def check_new_password(password: str, *, email: str, field: str = "password") -> str:
    """Return the password as it will be hashed (NFC), or raise `PasswordRefused` with the rule it breaks."""
    password = unicodedata.normalize("NFC", password)
    if "\x00" in password or any(unicodedata.category(character) == "Cs" for character in password):
        raise PasswordRefused(
            "The password holds a character that cannot be typed.", rule="unusable-character", field=(field,)
        )
    if len(password) < SHORTEST:
        raise PasswordRefused(
            f"The password has fewer than {SHORTEST} characters. Take a longer one, such as a sentence of your own.",
            rule="too-short",
            field=(field,),
        )
    if len(password) > LONGEST:
        raise PasswordRefused(f"The password has more than {LONGEST} characters.", rule="too-long", field=(field,))
    if _resembles(password, email):
        raise PasswordRefused(
            "The password is your e-mail address, which others know.", rule="own-address", field=(field,)
        )
    if is_common(password):
        raise PasswordRefused(
            "This password is among the first that anybody would guess. Take four or more unrelated words.",
            rule="too-common",
            field=(field,),
        )
    return password


def _resembles(password: str, email: str) -> bool:
    plain, address = password.strip().casefold(), email.strip().casefold()
    local_part, _, domain = address.partition("@")
    return plain in {address, local_part, domain, address[::-1], local_part * 2, local_part + domain}


def _octets(password: str) -> bytes:
    """Spell a password for hashing; one that can never have been set becomes empty, at the same cost."""
    if len(password) > 2 * LONGEST:
        return b""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _unmatchable(parameters: Argon2Parameters) -> str:
    """Spell an encoded hash with random salt and digest, which no password matches."""
    cost = f"m={parameters.memory_kib},t={parameters.passes},p={parameters.lanes}"
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT_OCTETS, _HASH_OCTETS)
    )
    return f"$argon2id$v=19${cost}${salt}${digest}"
