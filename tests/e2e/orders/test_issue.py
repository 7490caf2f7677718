"""Certificates from a real authority at its worst, through the real worker and database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography import x509
from sqlalchemy import any_, func, literal, select

from api.certificates.authorities import Authorities
from api.certificates.ca_accounts import CaAccounts
from api.certificates.queries import order_details
from api.certificates.revocation import Revoker
from api.issuance.acme import AcmeAuthority
from api.issuance.authority import RevocationReason
from api.issuance.errors import IssuanceError
from api.issuance.order import ChallengeType
from api.issuance.pebble import Pebble, PebbleOptions
from api.kit.errors import NotFound
from api.models import (
    GOVERNANCE,
    CaAccountRow,
    CertificateRow,
    DeliveryRow,
    DisclosureRow,
    DomainRow,
    DomainValidationRow,
    OrderRow,
)
from tests.e2e.orders.conftest import OpenStage
from tests.e2e.orders.stage import PATIENCE, Crew, Stage, at_work
from tests.e2e.orders.wire import Wire, wire_to
from tests.factories.orders import ADDRESS, Holder, add_domains, make_csr, make_holder

IDN = "xn--bcher-kva.example.com"


@dataclass
class Scene:
    stage: Stage
    crew: Crew
    pebble: Pebble
    wire: Wire


@pytest.fixture(scope="module")
async def scene(stage_at: OpenStage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Half of all nonces refused, three certificates in a chain, three roots, no proof lent again."""
    options = PebbleOptions(nonce_reject_percent=50, chain_length=3, alternate_roots=2)
    with Pebble(options) as pebble:
        async with (
            wire_to(pebble, tmp_path_factory.mktemp("wire")) as wire,
            stage_at(wire.description()) as stage,
            at_work(stage) as crew,
        ):
            yield Scene(stage, crew, pebble, wire)


async def _certificate(scene: Scene, row: OrderRow) -> CertificateRow:
    async with scene.stage.sessions.read() as session:
        return (
            await session.execute(select(CertificateRow).where(CertificateRow.id == row.certificate_id))
        ).scalar_one()


async def _count(scene: Scene, kind: type, holder: Holder) -> int:
    async with scene.stage.sessions.read() as session:
        count = select(func.count()).select_from(kind).where(kind.account_id == holder.account_id)
        return (await session.execute(count)).scalar_one()


async def test_http_01_ends_in_a_certificate_its_validation_and_a_mail(scene: Scene) -> None:
    stage = scene.stage
    holder = await make_holder(stage, "shop.example.com")
    row = await stage.obtain(holder, ["shop.example.com"], scene.pebble.challenges)
    leaf = await _certificate(scene, row)
    async with stage.sessions.read() as session:
        mine = DomainRow.account_id == holder.account_id
        found = select(DomainValidationRow).join(DomainRow, DomainRow.id == DomainValidationRow.domain_id).where(mine)
        validation = (await session.execute(found)).scalar_one()
        to_holder = DeliveryRow.data_subject_id == holder.person.id
        mail = (await session.execute(select(DeliveryRow).where(to_holder))).scalar_one()
        people = GOVERNANCE.audit_event.c.data_subjects
        headers = select(GOVERNANCE.audit_event.c.header).where(literal(holder.person.pseudonym) == any_(people))
        operations = [header for header in (await session.execute(headers)).scalars() if "certificateIssued" in header]
    assert leaf.names == ["shop.example.com"]
    assert len(x509.load_pem_x509_certificates(leaf.chain_pem.encode())) == 1 + 3
    assert (validation.method, validation.authority) == ("http-01", "Pebble")
    assert validation.valid_until is not None
    assert mail.template == "certificate_issued"
    assert len(operations) == 1
    assert (row.next_action_at, row.resume_at) == (None, None)


async def test_dns_01_proves_a_wildcard_beside_its_base(scene: Scene) -> None:
    names = ["*.wild.example.org", "wild.example.org"]
    holder = await make_holder(scene.stage, *names)
    row = await scene.stage.obtain(holder, names, scene.pebble.challenges, ChallengeType.DNS_01)
    assert sorted((await _certificate(scene, row)).names) == names


async def test_an_internationalised_name(scene: Scene) -> None:
    holder = await make_holder(scene.stage, IDN)
    row = await scene.stage.obtain(holder, [IDN], scene.pebble.challenges)
    assert (await _certificate(scene, row)).names == [IDN]


async def test_twenty_five_names_in_one_certificate(scene: Scene) -> None:
    names = [f"n{number:02}.many.example.net" for number in range(25)]
    holder = await make_holder(scene.stage, *names)
    row = await scene.stage.obtain(holder, names, scene.pebble.challenges)
    async with scene.stage.sessions.read() as session:
        details = (await order_details(session, [row.id]))[row.id]
    assert [each.row.status for each in details.authorizations] == ["valid"] * 25
    assert sorted((await _certificate(scene, row)).names) == names


async def test_dns_01_through_a_delegated_zone(scene: Scene) -> None:
    holder = await make_holder(scene.stage, "delegated.example.com")
    scene.pebble.challenges.set_cname("_acme-challenge.delegated.example.com", "proofs.example.net")
    order_id = await scene.stage.order(holder, ["delegated.example.com"], ChallengeType.DNS_01)
    await scene.stage.until(order_id, "PENDING")
    value = next(each.dns_value for each in await scene.stage.challenges(order_id) if each.dns_value)
    scene.pebble.challenges.set_txt("proofs.example.net", value)
    await scene.stage.place(holder, order_id, _Nowhere())
    await scene.stage.until(order_id, "VALID")


class _Nowhere:
    """A server on which nothing more is placed."""

    def place(self, placement: object) -> None:
        del placement


async def test_a_wrong_value_ends_the_order_with_the_authoritys_words_and_a_mail(scene: Scene) -> None:
    holder = await make_holder(scene.stage, "wrong.example.com")
    order_id = await scene.stage.order(holder, ["wrong.example.com"], ChallengeType.DNS_01)
    await scene.stage.until(order_id, "PENDING")
    scene.pebble.challenges.set_txt("_acme-challenge.wrong.example.com", "something else")
    await scene.stage.place(holder, order_id, _Nowhere())
    row = await scene.stage.until(order_id, "INVALID")
    assert row.problem is not None
    assert row.problem["subproblems"][0]["identifier"] == "wrong.example.com"
    assert row.problem["subproblems"][0]["detail"]
    async with scene.stage.sessions.read() as session:
        mine = select(DeliveryRow.template).where(DeliveryRow.data_subject_id == holder.person.id)
        assert (await session.execute(mine)).scalars().all() == ["order_failed"]


@pytest.mark.clause("4.1-b")
async def test_nothing_about_the_holder_crosses_the_wire(scene: Scene) -> None:
    """Captured traffic against the disclosure record: the names are the same, and nothing else is there."""
    names = ["quiet.example.com", "still.example.com"]
    holder = await make_holder(scene.stage, *names, email="marker-person@mail.example")
    begin = len(scene.wire.sent)
    row = await scene.stage.obtain(holder, names, scene.pebble.challenges)
    captured = scene.wire.sent[begin:]
    text = "\n".join(each.clear for each in scene.wire.sent)
    markers = ("marker-person", "mail.example", "Nobody", "Quiet Company", ADDRESS, "contact")
    identifiers = (str(holder.account_id), holder.account_id.hex, str(holder.person.id), str(holder.person.pseudonym))
    assert [each for each in (*markers, *identifiers) if each in text] == []
    ordered = [each.payload for each in captured if each.kind == "newOrder"]
    sent = sorted({each["value"] for payload in ordered for each in payload["identifiers"]})
    async with scene.stage.sessions.read() as session:
        disclosures = select(DisclosureRow).where(DisclosureRow.order_id == row.id)
        disclosure = (await session.execute(disclosures)).scalar_one()
    assert sorted(disclosure.names) == sent == names
    assert disclosure.recipient == "Pebble"
    keys = {name for each in captured if isinstance(each.payload, dict) for name in each.payload}
    assert keys == {"identifiers", "csr"}
    assert disclosure.fields == ["identifiers", "challenge_responses", "certificate_signing_request"]
    async with scene.stage.sessions.read() as session:
        first = select(func.min(GOVERNANCE.audit_event.c.at)).where(
            GOVERNANCE.audit_event.c.kind == "recipient",
            literal(holder.person.pseudonym) == any_(GOVERNANCE.audit_event.c.data_subjects),
        )
        assert (await session.execute(first)).scalar_one() <= row.expires_at


async def test_the_platform_has_one_account_without_contact(scene: Scene) -> None:
    accounts = scene.wire.of_kind("newAccount")
    async with scene.stage.sessions.read() as session:
        row = (await session.execute(select(CaAccountRow))).scalar_one()
    assert row.account_url is not None
    assert b"PRIVATE" not in row.sealed_key
    assert {frozenset(each.payload) for each in accounts} <= {frozenset({"termsOfServiceAgreed"})}


async def test_revocation_is_confirmed_by_the_authority_and_safe_to_repeat(scene: Scene) -> None:
    holder, other = await make_holder(scene.stage, "old.example.com"), await make_holder(scene.stage)
    leaf = await _certificate(scene, await scene.stage.obtain(holder, ["old.example.com"], scene.pebble.challenges))
    revoke = scene.crew.revoker.revoke
    with pytest.raises(NotFound):
        await revoke(other.viewer, leaf.id, RevocationReason.SUPERSEDED, "k")
    first = await revoke(holder.viewer, leaf.id, RevocationReason.SUPERSEDED, "k")
    again = await revoke(holder.viewer, leaf.id, RevocationReason.SUPERSEDED, "k")
    later = await revoke(holder.viewer, leaf.id, RevocationReason.KEY_COMPROMISE, "another")
    assert first.revoked_at is not None
    assert (again.revoked_at, later.revoked_at) == (first.revoked_at, first.revoked_at)
    assert later.revocation_reason == "SUPERSEDED"
    assert b"Revoked" in scene.pebble.get(f"/cert-status-by-serial/{leaf.serial_number}")
    async with scene.stage.sessions.read() as session:
        disclosures = select(DisclosureRow).where(DisclosureRow.certificate_id == leaf.id)
        disclosure = (await session.execute(disclosures)).scalar_one()
    assert (disclosure.purpose, disclosure.names) == ("revocation", ["old.example.com"])


async def test_a_revocation_whose_answer_is_lost_is_carried_out_all_the_same(scene: Scene) -> None:
    holder = await make_holder(scene.stage, "lost.example.com")
    leaf = await _certificate(scene, await scene.stage.obtain(holder, ["lost.example.com"], scene.pebble.challenges))

    async def cut_off(sent: object) -> bool:
        return getattr(sent, "kind", "") == "revoke"

    scene.wire.after = cut_off
    try:
        with pytest.raises(IssuanceError) as refusal:
            await scene.crew.revoker.revoke(holder.viewer, leaf.id, RevocationReason.KEY_COMPROMISE, "k")
    finally:
        scene.wire.after = type(scene.wire)().after
    assert refusal.value.code == "REVOCATION_PENDING"
    assert refusal.value.retry_at is not None
    row = await scene.crew.revoker.revoke(holder.viewer, leaf.id, RevocationReason.KEY_COMPROMISE, "k")
    assert row.revoked_at is not None


async def test_a_revocation_goes_on_when_the_process_that_asked_is_gone(scene: Scene) -> None:
    stage = scene.stage
    holder = await make_holder(stage, "gone.example.com")
    leaf = await _certificate(scene, await stage.obtain(holder, ["gone.example.com"], scene.pebble.challenges))
    asked = asyncio.Event()

    async def never_answer(sent: object) -> bool:
        if getattr(sent, "kind", "") == "revoke" and not asked.is_set():
            asked.set()
            await asyncio.sleep(PATIENCE)
        return False

    scene.wire.before = never_answer
    authorities = Authorities(AcmeAuthority(stage.description, stage.clock))
    accounts = CaAccounts(stage.sessions, stage.wrapping, stage.clock)
    dying = Revoker(stage.works, authorities, accounts, lease=timedelta(seconds=1))
    task = asyncio.create_task(dying.revoke(holder.viewer, leaf.id, RevocationReason.SUPERSEDED, "k"))
    await asked.wait()
    task.cancel()
    await asyncio.wait([task])
    for _ in range(int(PATIENCE * 10)):
        if (await _reread(scene, leaf)).revoked_at is not None:
            break
        await asyncio.sleep(0.1)
    scene.wire.before = type(scene.wire)().before
    await authorities.close()
    assert b"Revoked" in scene.pebble.get(f"/cert-status-by-serial/{leaf.serial_number}")


async def _reread(scene: Scene, leaf: CertificateRow) -> CertificateRow:
    async with scene.stage.sessions.read() as session:
        return (await session.execute(select(CertificateRow).where(CertificateRow.id == leaf.id))).scalar_one()


async def test_a_second_order_of_the_same_request_gets_its_own_certificate(scene: Scene) -> None:
    holder = await make_holder(scene.stage, "twice.example.com")
    rows = [await scene.stage.obtain(holder, ["twice.example.com"], scene.pebble.challenges) for _ in range(2)]
    assert len({row.certificate_id for row in rows}) == 2
    assert await _count(scene, CertificateRow, holder) == 2


async def test_a_lent_proof_serves_only_the_account_that_made_it(stage_at: OpenStage) -> None:
    """The authority sees one account of ours and would give everybody what one holder proved."""
    with Pebble(PebbleOptions(authorization_reuse_percent=100)) as pebble:
        async with stage_at(pebble.description()) as stage, at_work(stage):
            owner, stranger = [await make_holder(stage, "own.example.com") for _ in range(2)]
            await stage.obtain(owner, ["own.example.com"], pebble.challenges)
            order_id = await stage.order(owner, ["own.example.com"])
            await stage.until(order_id, "VALID")
            theft = await stage.order(stranger, ["own.example.com"])
            refused = await stage.until(theft, "INVALID")
            again = await stage.order(owner, ["own.example.com"])
            await stage.until(again, "VALID")
    assert refused.problem is not None
    assert refused.problem["type"].endswith("authorization-foreign")
    assert refused.certificate_id is None


async def test_the_same_request_bytes_ordered_by_two_accounts(scene: Scene) -> None:
    """A request is no secret: whoever sends somebody else's still has to prove the names."""
    owner = await make_holder(scene.stage, "copy.example.com")
    thief = await make_holder(scene.stage)
    await add_domains(scene.stage, thief.account_id, ["copy.example.com"])
    csr = make_csr(["copy.example.com"])
    first = await scene.stage.order(owner, ["copy.example.com"], csr=csr)
    second = await scene.stage.order(thief, ["copy.example.com"], csr=csr)
    await scene.stage.until(first, "PENDING")
    await scene.stage.until(second, "PENDING")
    await scene.stage.place(owner, first, scene.pebble.challenges)
    await scene.stage.until(first, "VALID")
    await scene.stage.place(thief, second, _Nowhere())
    assert (await scene.stage.until(second, "INVALID")).certificate_id is None
