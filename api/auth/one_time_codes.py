"""One-time codes by time (TOTP, RFC 6238): six digits, thirty seconds, SHA-1 as authenticator apps expect.

The rule: a code is accepted once. The caller stores the accepted step and passes it the next time.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from api.kit.secrets import constant_time_equal

SECRET_OCTETS: Final = 20  # RFC 4226 section 4, R6
STEP_SECONDS: Final = 30
DIGITS: Final = 6
_DRIFT: Final = (0, -1, 1)
_SPACES = re.compile(r"[\s-]")


def new_one_time_secret() -> bytes:
    """Return a fresh secret; it is stored sealed and shown once, inside `setup_uri`."""
    return secrets.token_bytes(SECRET_OCTETS)


def setup_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the `otpauth:` address that authenticator apps read."""
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS).get_provisioning_uri(account, issuer)  # noqa: S303


def current_code(secret: bytes, now: datetime) -> str:
    """Return the code an authenticator shows at this moment."""
    return _code(secret, _step(now))


def accepted_step(secret: bytes, code: str, now: datetime, *, last_step: int | None) -> int | None:
    """Return the step that `code` belongs to, at most one off, or None.

    A step up to `last_step` is spent: its code is refused even when right (RFC 6238 section 5.2).
    """
    typed = _SPACES.sub("", code)
    matching = [
        step for step in (_step(now) + drift for drift in _DRIFT) if constant_time_equal(_code(secret, step), typed)
    ]
    fresh = [step for step in matching if last_step is None or step > last_step]
    return fresh[0] if fresh else None


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def _code(secret: bytes, step: int) -> str:
    return HOTP(secret, DIGITS, SHA1()).generate(step).decode()  # noqa: S303
