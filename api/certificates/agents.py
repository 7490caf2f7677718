"""Agents: each gets an API token of its own, reports a closed list of facts, and only about itself (clause 1.2-a).

The rule: a report is stored whole or not at all; what it says of a certificate must be true of that certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from api.auth import api_tokens
from api.auth.scopes import AGENT_SCOPES
from api.certificates.callers import Caller, caller_of, lock_account
from api.certificates.errors import AgentValueRefused, FingerprintMismatch, TooManyAgents, no_agent, no_certificate
from api.kit.errors import InvalidInput
from api.kit.secrets import PrivateKeyRefused, contains_private_key
from api.models import AgentId, AgentRow, ApiTokenId, ApiTokenRow, CertificateId, CertificateRow, InstallationRow
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id

AGENTS_LIMIT: Final = 1000
INSTALLATIONS_LIMIT: Final = 1000
CATEGORIES: Final = ("user",)
CLOCK_SKEW: Final = timedelta(hours=24)
_LONGEST: Final = {"label": 80, "host_name": 253, "operating_system": 80, "agent_version": 32, "web_server": 80}
_INPUT_NAMES: Final = {
    "host_name": "hostName",
    "operating_system": "operatingSystem",
    "agent_version": "agentVersion",
    "web_server": "webServer",
}


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What an agent tells of itself and its server; nothing else is taken."""

    host_name: str
    operating_system: str
    agent_version: str
    web_server: str | None = None


@dataclass(frozen=True, slots=True)
class ReportedInstallation:
    """One place where the agent installed a certificate of its account."""

    certificate_id: CertificateId
    fingerprint_sha256: str
    target_name: str
    installed_at: datetime


@dataclass(frozen=True, slots=True)
class AgentReport:
    """The whole of a report. `installations` are all there are: a place that is missing is used no more."""

    agent_id: AgentId
    facts: HostFacts
    installations: Sequence[ReportedInstallation] = ()


@dataclass(frozen=True, slots=True)
class EnrolledAgent:
    """A new agent and the text of its token, which is shown once and stored nowhere."""

    row: AgentRow
    secret: str = field(repr=False)


async def enrol_agent(work: Work, label: str, facts: HostFacts) -> EnrolledAgent:
    """Make an agent with a token of its own, whose scopes let it order and report and nothing else."""
    caller = caller_of(work.viewer, "agents:enrol")
    values = _checked({"label": label, **_values(facts)})
    await lock_account(work.session, caller.account_id)
    held = (await work.session.execute(select(AgentRow.id).where(AgentRow.account_id == caller.account_id))).all()
    if len(held) >= AGENTS_LIMIT:
        raise TooManyAgents(AGENTS_LIMIT)
    now = work.clock.now()
    agent_id = AgentId(new_id(work.clock))
    await work.session.execute(
        insert(AgentRow).values(id=agent_id, account_id=caller.account_id, created_at=now, **values)
    )
    secret = api_tokens.mint()
    await work.session.execute(insert(ApiTokenRow).values(_token_values(work, caller, agent_id, label, secret)))
    written = (
        AgentRow.label,
        AgentRow.host_name,
        AgentRow.operating_system,
        AgentRow.agent_version,
        ApiTokenRow.scopes,
    )
    await work.record(
        EventKind.CHANGE, "enrolAgent", *written, about=[caller.person], clauses=["1.2-a"], rows={"Agent": 1}
    )
    return EnrolledAgent(await _own_agent(work, caller, agent_id), secret.text)


def _token_values(
    work: Work, caller: Caller, agent_id: AgentId, label: str, secret: api_tokens.ApiTokenSecret
) -> dict[str, object]:
    return {
        "id": ApiTokenId(new_id(work.clock)),
        "data_subject_id": caller.person.id,
        "account_id": caller.account_id,
        "agent_id": agent_id,
        "secret_hash": secret.secret_hash,
        "name": label,
        "hint": secret.hint,
        "scopes": sorted(AGENT_SCOPES),
        "categories": list(CATEGORIES),
        "created_at": work.clock.now(),
    }


async def report_agent(work: Work, report: AgentReport) -> AgentRow:
    """Replace what is known of an agent by what it reports now. An agent reports for itself alone."""
    caller = caller_of(work.viewer, "agents:report")
    if work.viewer.agent_id not in {None, report.agent_id}:
        raise no_agent()
    values = _checked(_values(report.facts))
    await _own_agent(work, caller, report.agent_id, lock=True)
    rows = await _checked_installations(work, caller, report)
    now = work.clock.now()
    await work.session.execute(
        update(AgentRow).where(AgentRow.id == report.agent_id).values(last_contact_at=now, **values)
    )
    await _replace_installations(work, report.agent_id, rows)
    written = (AgentRow.host_name, AgentRow.operating_system, AgentRow.agent_version, InstallationRow.target_name)
    await work.record(
        EventKind.CHANGE,
        "reportAgent",
        *written,
        about=[caller.person],
        clauses=["1.2-a"],
        rows={"Agent": 1, "Installation": len(rows)},
    )
    return await _own_agent(work, caller, report.agent_id)


async def _replace_installations(work: Work, agent_id: AgentId, rows: list[dict[str, object]]) -> None:
    """Store the rows in place of those there were; one that says what it said before is not announced as a change."""
    place = InstallationRow
    reported = [row["target_name"] for row in rows]
    await work.session.execute(delete(place).where(place.agent_id == agent_id, place.target_name.not_in(reported)))
    if not rows:
        return
    stored = insert(place)
    told = ("certificate_id", "fingerprint_sha256", "installed_at", "reported_at")
    await work.session.execute(
        stored.on_conflict_do_update(
            index_elements=[place.agent_id, place.target_name], set_={name: stored.excluded[name] for name in told}
        ),
        rows,
    )


async def remove_agent(work: Work, agent_id: AgentId) -> AgentId:
    """Remove an agent, what it reported and its token, which is refused from the moment this commits."""
    caller = caller_of(work.viewer, "agents:enrol")
    await _own_agent(work, caller, agent_id, lock=True)
    await work.session.execute(delete(AgentRow).where(AgentRow.id == agent_id))
    await work.record(
        EventKind.CHANGE,
        "removeAgent",
        AgentRow.label,
        ApiTokenRow.revoked_at,
        about=[caller.person],
        clauses=["1.2-a"],
        rows={"Agent": 1},
    )
    return agent_id


async def _own_agent(work: Work, caller: Caller, agent_id: AgentId, *, lock: bool = False) -> AgentRow:
    own = select(AgentRow).where(AgentRow.id == agent_id, AgentRow.account_id == caller.account_id)
    if lock:
        own = own.with_for_update(key_share=True)
    row = (await work.session.execute(own.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise no_agent()
    return row


def _values(facts: HostFacts) -> dict[str, str | None]:
    return {each.name: getattr(facts, each.name) for each in fields(facts)}


def _checked(values: dict[str, str | None]) -> dict[str, str | None]:
    """Refuse what does not fit, and a private key above all (clause 3.3-a)."""
    for name, value in values.items():
        path = (_INPUT_NAMES.get(name, name),)
        if value is None and name == "web_server":
            continue
        if value is None or not 1 <= len(value) <= _LONGEST[name] or not value.isprintable():
            raise AgentValueRefused(_LONGEST[name], field=path)
        if contains_private_key(value):
            raise PrivateKeyRefused(field=path)
    return values


async def _checked_installations(work: Work, caller: Caller, report: AgentReport) -> list[dict[str, object]]:
    """Return the rows to store; every certificate must be the account's and the one that was issued."""
    reported = report.installations
    if len(reported) > INSTALLATIONS_LIMIT or len({each.target_name for each in reported}) < len(reported):
        raise InvalidInput(
            f"Nothing was stored: report each place once, at most {INSTALLATIONS_LIMIT}.",
            rule="installations",
            field=("installations",),
        )
    leaf = CertificateRow
    wanted = {each.certificate_id for each in reported}
    own = select(leaf.id, leaf.fingerprint_sha256).where(leaf.account_id == caller.account_id, leaf.id.in_(wanted))
    found = await work.session.execute(own) if wanted else ()
    fingerprints: dict[CertificateId, str] = {row[0]: row[1] for row in found}
    return [_row(work, report, position, fingerprints) for position in range(len(reported))]


def _row(work: Work, report: AgentReport, position: int, fingerprints: dict[CertificateId, str]) -> dict[str, object]:
    one, path = report.installations[position], ("installations", str(position))
    if not 1 <= len(one.target_name) <= _LONGEST["host_name"] or not one.target_name.isprintable():
        raise AgentValueRefused(_LONGEST["host_name"], field=(*path, "targetName"))
    if one.certificate_id not in fingerprints:
        raise no_certificate((*path, "certificateId"))
    fingerprint = one.fingerprint_sha256.replace(":", "").lower()
    if fingerprint != fingerprints[one.certificate_id]:
        raise FingerprintMismatch(position)
    now = work.clock.now()
    if one.installed_at.tzinfo is None or one.installed_at > now + CLOCK_SKEW:
        raise InvalidInput(
            "Nothing was stored: the time of an installation lies in the future. Set the clock of the server.",
            rule="installed-at",
            field=(*path, "installedAt"),
        )
    return {
        "agent_id": report.agent_id,
        "target_name": one.target_name,
        "certificate_id": one.certificate_id,
        "fingerprint_sha256": fingerprint,
        "installed_at": one.installed_at,
        "reported_at": now,
    }
