"""The intersection of two sets of grants reaches what both reach, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from governance.access import covers, intersection

steps = st.sampled_from(["user", "contact", "email", "name", "domains", "read"])
grants = st.lists(steps, min_size=1, max_size=3).map(".".join) | st.tuples(steps, steps).map(":".join)
sets = st.frozensets(grants, max_size=5)


def reaches(held: frozenset[str], needed: str) -> bool:
    return any(covers(grant, needed) for grant in held)


@given(sets, sets, grants)
def test_it_reaches_what_both_reach(one: frozenset[str], other: frozenset[str], needed: str) -> None:
    assert reaches(intersection(one, other), needed) == (reaches(one, needed) and reaches(other, needed))


@given(sets, sets)
def test_order_does_not_matter_and_nothing_is_said_twice(one: frozenset[str], other: frozenset[str]) -> None:
    both = intersection(one, other)
    assert both == intersection(other, one)
    assert not any(covers(left, right) for left in both for right in both if left != right)
    assert intersection(both, both) == both


def test_the_narrower_of_two_remains() -> None:
    assert intersection({"user.contact"}, {"user"}) == {"user.contact"}
    assert intersection({"domains"}, {"domains:read", "account:read"}) == {"domains:read"}
    assert intersection({"user.name"}, {"user.contact"}) == frozenset()
    assert intersection({"user", "user.contact"}, {"user.contact.email"}) == {"user.contact.email"}
