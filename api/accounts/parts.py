"""What the account services need beside a unit of work. Made once, in the composition root.

The rule: a function that hashes or checks a password, or counts attempts, takes these parts and opens short units of
work of its own. So no connection waits for Argon2, and a failed attempt is committed before its error is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from api.auth.passwords import Passwords
from api.work import Works


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountParts:
    """`throttle_secret` keys the hashes under which attempts are counted; `minimum_age` is never below 16 (9-b)."""

    works: Works
    passwords: Passwords
    throttle_secret: bytes = field(repr=False)
    site_name: str
    minimum_age: int = 16
