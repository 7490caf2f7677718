"""Whose bucket it is: whoever can make credentials gains nothing by making more, and no address is kept."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from api.execution.callers import Callers
from api.execution.charges import Caller, CallerKind
from api.models import AccountId, AgentId, ApiTokenId, PartnerId, SessionId, StaffId
from api.viewer import JOB, Origin, Role, Viewer, anonymous
from governance.audit.event import Person
from governance.ids import DataSubjectId, new_pseudonym

CALLERS = Callers(b"c" * 32)
HOLDER = Person(DataSubjectId(UUID(int=1)), new_pseudonym())
OTHER = Person(DataSubjectId(UUID(int=2)), new_pseudonym())
ACCOUNT = Viewer(Role.HOLDER, person=HOLDER, account_id=AccountId(UUID(int=1)))


def token(number: int) -> ApiTokenId:
    return ApiTokenId(UUID(int=number))


def unknown(address: str) -> Caller:
    return CALLERS.of(anonymous(Origin(address)))


def test_the_tokens_of_an_account_share_one_bucket_and_its_sessions_another() -> None:
    tokens = [replace(ACCOUNT, api_token_id=token(n)) for n in range(3)]
    agents = [replace(one, role=Role.AGENT, agent_id=AgentId(UUID(int=7))) for one in tokens]
    sessions = [replace(ACCOUNT, session_id=SessionId(UUID(int=n))) for n in range(3)]
    by_token = {CALLERS.of(one) for one in tokens + agents}
    by_session = {CALLERS.of(one) for one in sessions}
    assert (len(by_token), len(by_session), by_token & by_session) == (1, 1, set())
    assert {one.kind for one in by_token | by_session} == {CallerKind.HOLDER}
    assert CALLERS.of(replace(tokens[0], person=OTHER, account_id=AccountId(UUID(int=2)))) not in by_token


def test_who_acts_for_another_account_spends_their_own_points() -> None:
    own = replace(ACCOUNT, api_token_id=token(1))
    assert CALLERS.of(replace(own, account_id=AccountId(UUID(int=2)))) == CALLERS.of(own)
    assert CALLERS.of(replace(own, person=OTHER)) != CALLERS.of(own)


def test_a_partner_pays_as_that_partner_whoever_stands_for_it_and_whomever_it_acts_for() -> None:
    idle = Viewer(Role.PARTNER, person=OTHER, api_token_id=token(1), partner_id=PartnerId(UUID(int=9)))
    acting = replace(idle, account_id=ACCOUNT.account_id, granted_by=HOLDER)
    assert CALLERS.of(idle) == CALLERS.of(acting) == CALLERS.of(replace(idle, person=HOLDER, api_token_id=token(2)))
    assert CALLERS.of(idle) != CALLERS.of(replace(idle, partner_id=PartnerId(UUID(int=8))))
    assert CALLERS.of(acting) != CALLERS.of(replace(ACCOUNT, api_token_id=token(1)))


def test_staff_have_buckets_of_their_own() -> None:
    officer = Viewer(Role.AUDITOR, staff_id=StaffId(UUID(int=1)), session_id=SessionId(UUID(int=1)))
    assert CALLERS.of(officer).kind is CallerKind.STAFF
    assert CALLERS.of(officer).bucket != CALLERS.of(replace(ACCOUNT, session_id=officer.session_id)).bucket


@pytest.mark.clause("1.4-a")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.250", True),
        ("203.0.113.7", "203.0.114.7", False),
        ("::ffff:203.0.113.7", "203.0.113.9", True),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::2", True),
        ("2001:db8:1:2::1", "2001:db8:2:2::1", False),
        ("", "no address", True),
    ],
)
def test_who_is_unknown_pays_by_network(one: str, other: str, same: bool) -> None:
    assert (unknown(one) == unknown(other)) is same
    assert unknown(one).kind is CallerKind.ANONYMOUS


@pytest.mark.clause("1.4-a")
def test_a_bucket_tells_no_address() -> None:
    bucket = unknown("203.0.113.7").bucket
    assert len(bucket) == 32
    assert Callers(b"d" * 32).of(anonymous(Origin("203.0.113.7"))).bucket != bucket
    assert "cccc" not in repr(CALLERS)
    assert CALLERS.of(JOB) == unknown("")
