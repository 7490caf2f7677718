"""Orders against a real authority, Pebble, whose validation is real always."""

from __future__ import annotations

import json
import random

import pytest
from cryptography import x509

from api.issuance.authority import RevocationReason
from api.issuance.chain import check_chain
from api.issuance.challenges import DnsPlacement, HttpPlacement
from api.issuance.csr import read_csr
from api.issuance.errors import CaProblem
from api.issuance.order import (
    CaRequest,
    CertificateAnswered,
    ChallengeType,
    Finalize,
    NewOrder,
    Order,
    Phase,
    RespondToChallenge,
)
from api.issuance.pebble import PebbleOptions
from tests.support.pebble import MemoryRunner, running_pebble
from tests.unit.issuance.csr_factory import make_csr, rsa_key

HTTP, DNS = ChallengeType.HTTP_01, ChallengeType.DNS_01


def check(order: Order, *names: str) -> None:
    assert order.phase is Phase.VALID, order.problem
    assert order.certificate is not None
    leaf = x509.load_der_x509_certificate(order.certificate.der)
    certified = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(certified.get_values_for_type(x509.DNSName)) == set(names)
    days = (order.certificate.not_after - order.certificate.not_before).days
    assert 89 <= days <= 90


def sent(runner: MemoryRunner, kind: type[CaRequest]) -> int:
    return sum(isinstance(request, kind) for request in runner.sent)


async def test_the_ways_to_prove_names() -> None:
    """http-01, dns-01, wildcard with its base, an internationalised name, 25 names: on one instance, one by one."""
    async with running_pebble() as (_, runner):
        check(await runner.issue(make_csr("a.example.com"), HTTP), "a.example.com")
        check(await runner.issue(make_csr("b.example.com", private_key=rsa_key()), DNS), "b.example.com")
        both = ("*.example.org", "example.org")
        check(await runner.issue(make_csr(*both), DNS), *both)
        check(await runner.issue(make_csr("xn--mnchen-3ya.de"), HTTP), "xn--mnchen-3ya.de")
        many = tuple(f"host{number}.example.net" for number in range(25))
        check(await runner.issue(make_csr(*many), HTTP), *many)


async def test_half_of_all_nonces_refused() -> None:
    async with running_pebble(PebbleOptions(nonce_reject_percent=50)) as (_, runner):
        for number in range(3):
            check(await runner.issue(make_csr(f"n{number}.example.com"), HTTP), f"n{number}.example.com")


@pytest.mark.parametrize(("percent", "responses"), [(0, 2), (100, 1)])
async def test_authorizations_are_reused_or_not(percent: int, responses: int) -> None:
    async with running_pebble(PebbleOptions(authorization_reuse_percent=percent)) as (_, runner):
        for _ in range(2):
            check(await runner.issue(make_csr("again.example.com"), HTTP), "again.example.com")
        assert sent(runner, RespondToChallenge) == responses


async def test_a_long_chain_and_alternate_roots() -> None:
    options = PebbleOptions(chain_length=3, alternate_roots=2)
    async with running_pebble(options) as (pebble, runner):
        csr_pem = make_csr("long.example.com")
        order = await runner.issue(csr_pem, HTTP)
        check(order, "long.example.com")
        assert order.certificate is not None
        assert order.certificate.chain_pem.count("BEGIN CERTIFICATE") == 4
        answer = next(each for each in runner.heard if isinstance(each, CertificateAnswered))
        assert len(answer.alternate_urls) == 2
        roots = [x509.load_pem_x509_certificate(pebble.get(f"/roots/{number}")) for number in range(3)]
        chains = [order.certificate.chain_pem]
        chains += [await runner.authority.fetch_chain(url, runner.account) for url in answer.alternate_urls]
        request = read_csr(csr_pem)
        tops = []
        for chain in chains:
            checked = check_chain(
                chain, names=request.names, public_key_sha256=request.public_key_sha256, now=runner.clock.now()
            )
            top = x509.load_pem_x509_certificates(checked.chain_pem.encode())[-1]
            tops.append(next(root for root in roots if root.subject == top.issuer))
            top.verify_directly_issued_by(tops[-1])
        assert len({root.subject for root in tops}) == 3


async def test_dns_proof_through_a_delegated_zone() -> None:
    async with running_pebble() as (pebble, runner):
        pebble.challenges.set_cname("_acme-challenge.shop.example.com", "shop.delegated.example.org")

        def place_delegated(placed: HttpPlacement | DnsPlacement) -> None:
            assert isinstance(placed, DnsPlacement)
            pebble.challenges.set_txt("shop.delegated.example.org", placed.value)

        runner.place = place_delegated
        both = ("shop.example.com", "*.shop.example.com")
        check(await runner.issue(make_csr(*both), DNS), *both)


async def test_revoked_once_and_again() -> None:
    async with running_pebble() as (pebble, runner):
        order = await runner.issue(make_csr("gone.example.com"), HTTP)
        assert order.certificate is not None
        der, serial = order.certificate.der, order.certificate.serial_number
        await runner.authority.revoke(der, RevocationReason.SUPERSEDED, runner.account)
        status = json.loads(pebble.get(f"/cert-status-by-serial/{serial}"))
        assert (status["Status"], status["Reason"]) == ("Revoked", 4)
        with pytest.raises(CaProblem) as refused:
            await runner.authority.revoke(der, RevocationReason.SUPERSEDED, runner.account)
        assert refused.value.problem is not None
        assert refused.value.problem.name == "alreadyRevoked"


async def test_a_blocked_name_is_told_with_the_whole_problem() -> None:
    async with running_pebble(PebbleOptions(blocked_names=("blocked.example.com",))) as (_, runner):
        order = await runner.issue(make_csr("blocked.example.com"), HTTP)
        assert order.problem is not None
        assert order.problem.name == "rejectedIdentifier"
        assert order.problem.status == 400
        assert order.problem.detail


async def test_a_wrong_value_fails_with_every_name() -> None:
    async with running_pebble() as (_, runner):
        runner.place = lambda _placed: None
        order = await runner.issue(make_csr("c.example.com", "d.example.com"), HTTP)
        assert order.problem is not None
        assert order.problem.name == "authorization-ended"
        assert {each.identifier for each in order.problem.subproblems} == {"c.example.com", "d.example.com"}
        assert all(each.detail for each in order.problem.subproblems)


async def test_an_account_is_found_by_its_key_alone() -> None:
    async with running_pebble() as (_, runner):
        found = await runner.authority.find_account(runner.account.account_key)
        assert found == runner.account
        again = await runner.authority.register(runner.account.account_key, terms_agreed=True)
        assert again == runner.account
        assert (await runner.authority.terms_url() or "").startswith("data:")


async def test_killed_at_random_requests_each_order_ends_issued_once() -> None:
    chance = random.Random(9)  # noqa: S311 - repeatable, not secret
    async with running_pebble(PebbleOptions(nonce_reject_percent=5)) as (_, runner):
        for number in range(10):
            runner.killed = lambda _request: chance.random() < 0.2
            before = len(runner.heard)
            check(await runner.issue(make_csr(f"k{number}.example.com"), HTTP), f"k{number}.example.com")
            heard = [getattr(each, "request", None) for each in runner.heard[before:]]
            assert sum(isinstance(request, Finalize) for request in heard) <= 2
            assert sum(isinstance(request, NewOrder) for request in heard) >= 1
