"""The header fields, as the draft's grammar has them: structured fields of strings with whole-number parameters."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as some

from api.execution.charges import SECOND, Balance, Quota
from api.http.rate_limit import headers

POLICY = re.compile(r'"cost";q=(\d+);w=(\d+)')
LIMIT = re.compile(r'"cost";r=(\d+);t=(\d+)')


def test_a_full_and_an_empty_bucket() -> None:
    assert headers(Balance(20_000, 1_000, 19_500, SECOND // 2)) == [
        ("ratelimit-policy", '"cost";q=20000;w=20'),
        ("ratelimit", '"cost";r=19500;t=1'),
    ]
    assert headers(Balance(5_000, 100, 30, 49 * SECOND + 700_000, wait=SECOND + 1)) == [
        ("ratelimit-policy", '"cost";q=5000;w=50'),
        ("ratelimit", '"cost";r=30;t=2'),
        ("retry-after", "2"),
    ]


@settings(deadline=None)
@given(some.integers(1, 10**6), some.integers(1, SECOND), some.integers(1, 10**6), some.integers(1, 10**6))
def test_whole_numbers_that_keep_the_drafts_promises(capacity: int, restore: int, first: int, second: int) -> None:
    """`w` is never 0 (3.1.3); Retry-After never before the effective window ends (6); waiting it out is enough."""
    quota = Quota(capacity, restore)
    full_at, _ = quota.take(0, min(first, capacity), 0)
    full_at, balance = quota.take(full_at, min(second, capacity), 0)
    found = dict(headers(balance))
    policy, limit = POLICY.fullmatch(found["ratelimit-policy"]), LIMIT.fullmatch(found["ratelimit"])
    assert policy
    assert limit
    assert int(policy[1]) == capacity
    assert int(policy[2]) >= 1
    assert 0 <= int(limit[1]) <= capacity
    if balance.wait is not None:
        assert found["retry-after"] == limit[2]
        assert quota.take(full_at, min(second, capacity), int(limit[2]) * SECOND)[1].wait is None
    else:
        assert "retry-after" not in found
