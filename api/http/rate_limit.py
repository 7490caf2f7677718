"""The RateLimit header fields of an answer (draft-ietf-httpapi-ratelimit-headers-11, of 23 May 2026), and Retry-After.

The rule: `Retry-After` and the effective window `t` of a refusal are one number, as section 6 of the draft asks. The
units are points of cost; the draft's registry of units has none for that, so `qu` is left out.
"""

from __future__ import annotations

from typing import Final

from api.execution.charges import SECOND, Balance

POLICY: Final = "cost"
EXPOSED: Final = "RateLimit, RateLimit-Policy"


def headers(balance: Balance) -> list[tuple[str, str]]:
    """Return the fields for a bucket as it stands.

    `w` is the time from empty to full; `t` the time until it is full again, or, refused, until the cost fits. Neither
    is ever 0, so that nobody reckons a rate from it that is not granted (section 8.5).
    """
    waiting = balance.wait is not None
    until = _seconds(balance.wait if balance.wait is not None else balance.full_in)
    window = _seconds(balance.limit * SECOND // balance.restore)
    fields = [
        ("ratelimit-policy", f'"{POLICY}";q={balance.limit};w={window}'),
        ("ratelimit", f'"{POLICY}";r={balance.remaining};t={until}'),
    ]
    return [*fields, ("retry-after", str(until))] if waiting else fields


def _seconds(microseconds: int) -> int:
    return max(-(-microseconds // SECOND), 1)
