"""Transport and order machine against a scripted authority that does every wrong thing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from api.issuance.account_key import CaAccountKey
from api.issuance.acme import AcmeAuthority
from api.issuance.authority import CaDescription, RevocationReason
from api.issuance.errors import CaProblem, CaUnreachable
from api.issuance.order import ChallengeType, Order, Phase
from governance.clock import ManualClock
from tests.support.hostile_ca import ACME, Alter, Fault, Hang, HostileCa, LoseAnswer, Refuse, Say, Script, always, once
from tests.support.pebble import MemoryRunner
from tests.unit.issuance.csr_factory import make_csr

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ORDER_ENDPOINTS = ("newOrder", "authorization", "challenge", "finalize", "order", "certificate")


@asynccontextmanager
async def hostile(script: Script, **options: Any) -> AsyncIterator[tuple[HostileCa, MemoryRunner]]:
    clock = ManualClock(NOW)
    async with HostileCa(clock, script, **options) as ca:
        description = CaDescription("Hostile", f"{ca.url}/directory", timeout_seconds=0.3)
        authority = AcmeAuthority(description, clock)
        try:
            account = await authority.register(CaAccountKey.generate(), terms_agreed=True)
            yield ca, MemoryRunner(authority, account, clock, lambda _: None)
        finally:
            await authority.close()


async def issue(runner: MemoryRunner) -> Order:
    return await runner.issue(make_csr("a.example.com"), ChallengeType.HTTP_01)


def well(_endpoint: str, _count: int) -> Fault | None:
    return None


def _still_pending(document: dict[str, Any], _headers: dict[str, str]) -> None:
    if document["status"] == "pending":
        document["challenges"][0]["status"] = "pending"


def check_issued_once(order: Order, ca: HostileCa) -> None:
    assert order.phase is Phase.VALID, order.problem
    assert ca.reposts == []
    assert len(set(ca.finalized)) == 1
    assert sum("chain" in each for each in ca.orders.values()) == 1


def reason(order: Order) -> str:
    assert order.phase is Phase.INVALID
    assert order.problem is not None
    return order.problem.name


async def test_a_well_behaved_script_issues() -> None:
    async with hostile(well) as (ca, runner):
        check_issued_once(await issue(runner), ca)


async def test_ninety_percent_bad_nonces_are_got_through() -> None:
    async with hostile(well, nonce_reject=0.9) as (ca, runner):
        check_issued_once(await issue(runner), ca)
        assert ca.counts["newNonce"] <= 1, "the fresh nonce of each refusal is used"


async def test_an_authority_that_refuses_every_nonce_is_given_up() -> None:
    async with hostile(well) as (ca, runner):
        ca.nonce_reject = 1.0
        assert reason(await issue(runner)) == "badNonce"


@pytest.mark.parametrize("endpoint", ORDER_ENDPOINTS)
@pytest.mark.parametrize(
    "fault",
    [
        Refuse(503, "about:blank"),
        Refuse(500, ACME + "serverInternal"),
        Refuse(429, ACME + "rateLimited", {"Retry-After": "30"}),
        Hang(),
        LoseAnswer(),
        Say(b"<html>proxy error</html>", 502),
        Say(b""),
        Say(b"[]"),
        Say(b"{" * 100_000),
        Say(b"x" * 1_000_000),
    ],
    ids=["503", "500", "429", "hang", "lost answer", "proxy", "empty", "no object", "deep", "huge"],
)
async def test_one_fault_at_any_step_costs_nothing(endpoint: str, fault: Fault) -> None:
    async with hostile(once(endpoint, fault)) as (ca, runner):
        check_issued_once(await issue(runner), ca)


@pytest.mark.parametrize("value", ["90", format_datetime(NOW + timedelta(seconds=90), usegmt=True)])
async def test_retry_after_is_kept_in_both_forms(value: str) -> None:
    busy = Refuse(429, ACME + "rateLimited", {"Retry-After": value})
    async with hostile(once("newOrder", busy)) as (ca, runner):
        check_issued_once(await issue(runner), ca)
        assert runner.clock.now() >= NOW + timedelta(seconds=90)
        assert runner.clock.now() < NOW + timedelta(seconds=120)


async def test_an_endless_rate_limit_ends_with_its_problem() -> None:
    busy = Refuse(429, ACME + "rateLimited", {"Retry-After": "600"})
    async with hostile(always("newOrder", busy)) as (_, runner):
        order = await issue(runner)
        assert reason(order) == "rateLimited"
        assert order.problem is not None
        assert order.problem.status == 429
        assert order.problem.retry_at == runner.clock.now() + timedelta(seconds=600)


async def test_a_conflict_at_the_challenge_is_no_failure() -> None:
    def boulder(endpoint: str, count: int) -> Fault | None:
        """Keep saying "pending" while validating, and refuse the second response, as Boulder does."""
        if endpoint == "challenge":
            return LoseAnswer() if count == 1 else Refuse(409, ACME + "conflict")
        return Alter(_still_pending) if endpoint == "authorization" else None

    async with hostile(boulder, validation_looks=6) as (ca, runner):
        check_issued_once(await issue(runner), ca)
        assert ca.counts["challenge"] == 2


async def test_a_certificate_that_stays_wrong_ends_the_order() -> None:
    async with hostile(always("certificate", Say(b"-----BEGIN CERTIFICATE-----"))) as (_, runner):
        order = await issue(runner)
        assert reason(order) == "certificate-refused"
        assert order.certificate is None


async def test_a_lost_new_order_answer_leaves_one_order_unused() -> None:
    async with hostile(once("newOrder", LoseAnswer())) as (ca, runner):
        check_issued_once(await issue(runner), ca)
        assert len(ca.orders) == 2


async def test_a_lost_finalize_answer_finalizes_once() -> None:
    async with hostile(once("finalize", LoseAnswer())) as (ca, runner):
        check_issued_once(await issue(runner), ca)
        assert len(ca.finalized) == 1


@pytest.mark.parametrize("endpoint", ["newOrder", "authorization", "challenge", "order", "finalize"])
@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"[" * 200_000, b'{"status":5}', b'{"status":"\xff"}', b"y" * 2_000_000]
)
async def test_hostile_json_without_end_ends_the_order(endpoint: str, body: bytes) -> None:
    async with hostile(always(endpoint, Say(body))) as (_, runner):
        order = await issue(runner)
        if endpoint == "challenge":
            # What the challenge says is not needed: the authorization decides.
            assert order.phase is Phase.VALID
        elif endpoint == "finalize":
            assert order.phase is Phase.VALID, "the order itself tells that it was signed"
        else:
            assert reason(order) in {"protocol", "unreachable"}


def _redirect(other: str) -> Say:
    return Say(b"", 302, {"Location": f"{other}/stolen"})


@pytest.mark.parametrize("endpoint", ["newOrder", "authorization", "finalize", "order", "certificate"])
async def test_a_redirect_to_another_host_is_not_followed(endpoint: str) -> None:
    async with HostileCa(ManualClock(NOW)) as other, hostile(always(endpoint, _redirect(other.url))) as (_, runner):
        assert reason(await issue(runner)) == "redirect"
        assert not other.counts


def _set(name: str, value: Any) -> Alter:
    def change(document: dict[str, Any], _headers: dict[str, str]) -> None:
        document[name] = value

    return Alter(change)


def _locate(url: str) -> Alter:
    return Alter(lambda _document, headers: headers.update(Location=url))


def _offer(url: str) -> Alter:
    return Alter(lambda document, _headers: document["challenges"][0].update(url=url))


@pytest.mark.parametrize(
    ("endpoint", "make"),
    [
        ("newOrder", lambda url: _locate(f"{url}/order/1")),
        ("newOrder", lambda url: _set("finalize", f"{url}/finalize/1")),
        ("newOrder", lambda url: _set("authorizations", [f"{url}/authorization/1"])),
        ("authorization", lambda url: _offer(f"{url}/challenge/1")),
        ("order", lambda url: _set("certificate", f"{url}/certificate/1")),
        ("order", lambda _: _set("certificate", "file:///etc/passwd")),
        ("order", lambda _: _set("certificate", "http://169.254.169.254/latest/meta-data")),
    ],
)
async def test_a_url_of_another_host_is_never_asked(endpoint: str, make: Callable[[str], Fault]) -> None:
    async with HostileCa(ManualClock(NOW)) as other, hostile(always(endpoint, make(other.url))) as (_, runner):
        assert reason(await issue(runner)) == "foreign-url"
        assert not other.counts


async def test_a_directory_that_points_elsewhere_is_refused() -> None:
    async with HostileCa(ManualClock(NOW)) as other:
        with pytest.raises(CaUnreachable):
            async with hostile(always("directory", _set("newAccount", f"{other.url}/newAccount"))):
                pass
        assert not other.counts


@pytest.mark.parametrize("status", ["invalid", "expired", "deactivated", "revoked"])
async def test_an_authorization_that_ends_without_an_error_names_its_name(status: str) -> None:
    def after_the_response(endpoint: str, count: int) -> Fault | None:
        return _set("status", status) if endpoint == "authorization" and count > 1 else None

    async with hostile(after_the_response) as (_, runner):
        order = await issue(runner)
        assert reason(order) == "authorization-ended"
        assert order.problem is not None
        assert [each.identifier for each in order.problem.subproblems] == ["a.example.com"]


async def test_a_kill_after_every_request_in_turn_still_issues_once() -> None:
    for fatal in range(1, 9):
        async with hostile(well) as (ca, runner):
            runner.killed = lambda _, runner=runner, fatal=fatal: len(runner.sent) == fatal
            check_issued_once(await issue(runner), ca)


async def test_revocation_errors_carry_the_problem() -> None:
    async with hostile(always("revokeCert", Refuse(400, ACME + "badRevocationReason"))) as (_, runner):
        with pytest.raises(CaProblem) as refused:
            await runner.authority.revoke(b"der", RevocationReason.SUPERSEDED, runner.account)
        assert refused.value.problem is not None
        assert refused.value.problem.name == "badRevocationReason"


async def test_no_contact_address_is_ever_sent() -> None:
    seen: list[dict[str, Any]] = []

    class Listening(HostileCa):
        def _opened(self, body: bytes) -> dict[str, Any]:
            opened = super()._opened(body)
            seen.append(dict(opened))
            return opened

    clock = ManualClock(NOW)
    async with Listening(clock) as ca:
        authority = AcmeAuthority(CaDescription("Hostile", f"{ca.url}/directory"), clock)
        await authority.register(CaAccountKey.generate(), terms_agreed=True)
        await authority.close()
    assert [set(payload) - {"refused"} for payload in seen] == [{"termsOfServiceAgreed"}]
