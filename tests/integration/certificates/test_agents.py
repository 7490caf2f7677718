"""Agents: a token of their own, a closed report, and nothing about anybody else's certificates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from api.auth import api_tokens
from api.certificates.agents import (
    AgentReport,
    EnrolledAgent,
    HostFacts,
    ReportedInstallation,
    enrol_agent,
    remove_agent,
    report_agent,
)
from api.certificates.queries import Page, agent_of, agents_of, certificate_of, certificates_of, installations_of
from api.kit.errors import CertificateManagerError, NotFound
from api.models import (
    AgentId,
    AgentRow,
    ApiTokenRow,
    CertificateId,
    CertificateRow,
    InstallationRow,
)
from governance.ids import new_id
from tests.factories.orders import Holder, make_holder
from tests.integration.conftest import Platform

FACTS = HostFacts("web1.example.com", "Debian 13", "0.1.0", "nginx")


@pytest.fixture
async def holder(platform: Platform) -> Holder:
    return await make_holder(platform)


async def _enrol(platform: Platform, holder: Holder, label: str = "web1") -> EnrolledAgent:
    async with platform.works.open(holder.viewer) as work:
        return await enrol_agent(work, label, FACTS)


async def _report(platform: Platform, holder: Holder, report: AgentReport) -> AgentRow:
    async with platform.works.open(holder.viewer) as work:
        return await report_agent(work, report)


async def _certificate(platform: Platform, holder: Holder, number: int = 1) -> ReportedInstallation:
    now = platform.clock.now()
    certificate_id, fingerprint = CertificateId(new_id(platform.clock)), new_id(platform.clock).hex * 2
    values = {
        "id": certificate_id, "account_id": holder.account_id, "authority": "A", "names": ["a.example.com"],
        "serial_number": f"{number:02x}", "fingerprint_sha256": fingerprint, "public_key_sha256": "0" * 64,
        "issuer_name": "I", "not_before": now, "not_after": now + timedelta(days=90), "chain_pem": "",
        "created_at": now,
    }  # fmt: skip
    async with platform.sessions.write() as session:
        await session.execute(insert(CertificateRow).values(values))
    return ReportedInstallation(certificate_id, fingerprint, f"place-{number}", now)


def _with_colons(fingerprint: str) -> str:
    return ":".join(fingerprint[at : at + 2].upper() for at in range(0, len(fingerprint), 2))


async def _count(platform: Platform, kind: Any) -> int:
    async with platform.sessions.read() as session:
        return (await session.execute(select(func.count()).select_from(kind))).scalar_one()


@pytest.mark.clause("1.2-a")
async def test_an_agent_gets_a_token_of_its_own_that_orders_and_reports_and_nothing_else(
    platform: Platform, holder: Holder
) -> None:
    enrolled = await _enrol(platform, holder)
    secret = api_tokens.parse(enrolled.secret)
    async with platform.sessions.read() as session:
        token = (await session.execute(select(ApiTokenRow))).scalar_one()
    assert token.secret_hash == secret.secret_hash
    assert (token.agent_id, token.account_id) == (enrolled.row.id, holder.account_id)
    assert token.scopes == [
        "agents:report", "certificates:order", "certificates:read", "domains:read", "domains:write",
    ]  # fmt: skip
    assert enrolled.secret not in repr(enrolled)


@pytest.mark.clause("1.2-a")
async def test_a_report_replaces_what_was_known(platform: Platform, holder: Holder) -> None:
    agent = (await _enrol(platform, holder)).row
    first, second = await _certificate(platform, holder, 1), await _certificate(platform, holder, 2)
    shown = replace(first, fingerprint_sha256=_with_colons(first.fingerprint_sha256))
    row = await _report(platform, holder, AgentReport(agent.id, FACTS, [shown, second]))
    assert row.last_contact_at == platform.clock.now()
    facts = replace(FACTS, operating_system="Debian 14", web_server=None)
    row = await _report(platform, holder, AgentReport(agent.id, facts, [replace(second, target_name="place-1")]))
    assert (row.operating_system, row.web_server) == ("Debian 14", None)
    async with platform.sessions.read() as session:
        places = (await session.execute(select(InstallationRow))).scalars().all()
        found = await installations_of(session, [first.certificate_id, second.certificate_id])
    assert [(each.target_name, each.certificate_id) for each in places] == [("place-1", second.certificate_id)]
    assert list(found) == [second.certificate_id]


async def test_a_wrong_fingerprint_stores_nothing_of_the_report(platform: Platform, holder: Holder) -> None:
    agent = (await _enrol(platform, holder)).row
    good = await _certificate(platform, holder)
    wrong = replace(good, fingerprint_sha256="0" * 64, target_name="other")
    with pytest.raises(CertificateManagerError) as refusal:
        await _report(platform, holder, AgentReport(agent.id, replace(FACTS, host_name="new"), [good, wrong]))
    assert refusal.value.code == "FINGERPRINT_MISMATCH"
    assert refusal.value.field == ("installations", "1", "fingerprintSha256")
    assert await _count(platform, InstallationRow) == 0
    async with platform.sessions.read() as session:
        stored = await agent_of(session, holder.account_id, agent.id)
    assert stored is not None
    assert stored.host_name == FACTS.host_name


async def test_somebody_elses_certificate_is_like_a_missing_one(platform: Platform, holder: Holder) -> None:
    stranger = await make_holder(platform)
    agent = (await _enrol(platform, holder)).row
    foreign = await _certificate(platform, stranger)
    missing = replace(foreign, certificate_id=CertificateId(new_id(platform.clock)))
    answers = []
    for each in (foreign, missing):
        with pytest.raises(NotFound) as refusal:
            await _report(platform, holder, AgentReport(agent.id, FACTS, [each]))
        answers.append((refusal.value.message, refusal.value.field))
    assert answers[0] == answers[1]


async def test_an_agent_speaks_for_itself_alone(platform: Platform, holder: Holder) -> None:
    first, second = (await _enrol(platform, holder)).row, (await _enrol(platform, holder, "web2")).row
    acting = replace(holder, viewer=replace(holder.viewer, agent_id=first.id))
    stranger = await make_holder(platform)
    for who, agent_id in ((acting, second.id), (stranger, first.id), (holder, AgentId(new_id(platform.clock)))):
        with pytest.raises(NotFound):
            await _report(platform, who, AgentReport(agent_id, FACTS))
    await _report(platform, acting, AgentReport(first.id, FACTS))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"host_name": ""}, "AGENT_VALUE_REFUSED"),
        ({"operating_system": "x" * 81}, "AGENT_VALUE_REFUSED"),
        ({"agent_version": "1\x00"}, "AGENT_VALUE_REFUSED"),
        ({"web_server": "a\nb"}, "AGENT_VALUE_REFUSED"),
    ],
)
async def test_values_that_do_not_fit_are_refused(
    platform: Platform, holder: Holder, changed: dict[str, str], code: str
) -> None:
    async with platform.works.open(holder.viewer) as work:
        with pytest.raises(CertificateManagerError) as refusal:
            await enrol_agent(work, "label", replace(FACTS, **changed))
    assert refusal.value.code == code
    assert await _count(platform, AgentRow) == 0
    assert await _count(platform, ApiTokenRow) == 0


async def test_a_removed_agents_token_is_gone_with_it(platform: Platform, holder: Holder) -> None:
    agent = (await _enrol(platform, holder)).row
    stranger = await make_holder(platform)
    with pytest.raises(NotFound):
        async with platform.works.open(stranger.viewer) as work:
            await remove_agent(work, agent.id)
    assert await _count(platform, ApiTokenRow) == 1
    async with platform.works.open(holder.viewer) as work:
        await remove_agent(work, agent.id)
    assert await _count(platform, ApiTokenRow) == 0
    assert await _count(platform, AgentRow) == 0


async def test_pages_go_from_the_newest_and_count_all(platform: Platform, holder: Holder) -> None:
    ids = []
    for number in range(5):
        platform.clock.advance(timedelta(milliseconds=1))
        ids.append((await _certificate(platform, holder, number + 1)).certificate_id)
    stranger = await make_holder(platform)
    async with platform.sessions.read() as session:
        first = await certificates_of(session, holder.account_id, Page(2))
        second = await certificates_of(session, holder.account_id, Page(2, first.rows[-1].id))
        last = await certificates_of(session, holder.account_id, Page(2, second.rows[-1].id))
        none = await certificates_of(session, stranger.account_id, Page(2))
        foreign = await certificate_of(session, stranger.account_id, ids[0])
        agents = await agents_of(session, holder.account_id, Page(1))
    assert [row.id for each in (first, second, last) for row in each.rows] == ids[::-1]
    assert [each.has_next for each in (first, second, last)] == [True, True, False]
    assert (first.total_count, none.total_count, agents.total_count) == (5, 0, 0)
    assert foreign is None
