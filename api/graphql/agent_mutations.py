"""Mutations of agents: a closed list of what one may tell of its server (clause 1.2-a)."""

from datetime import datetime

import strawberry

from api.certificates.agents import (
    AgentReport,
    HostFacts,
    ReportedInstallation,
    enrol_agent,
    remove_agent,
    report_agent,
)
from api.graphql.account_mutations import own
from api.graphql.certificates import Agent
from api.graphql.errors import UserError
from api.graphql.mutate import Info, in_one_transaction
from api.graphql.nodes import encode_id, required_id
from api.graphql.once import ONCE
from api.graphql.payloads import ERRORS
from api.graphql.personal import personal
from api.graphql.scopes import RequiresScope
from api.models import AgentId, CertificateId
from api.work import Work

_HOST = "The server's name."
_SYSTEM = "The server's system and version."
_VERSION = "The agent's version."
_WEB_SERVER = "The web server it serves, if any."


@strawberry.input(description="What an agent tells when it is enrolled.")
class EnrolAgentInput:
    """Agent to enrol."""

    label: str = strawberry.field(description="What you call it.")
    host_name: str = strawberry.field(description=_HOST)
    operating_system: str = strawberry.field(description=_SYSTEM)
    agent_version: str = strawberry.field(description=_VERSION)
    web_server: str | None = strawberry.field(default=None, description=_WEB_SERVER)


@strawberry.input(description="Where a certificate is installed.")
class InstallationInput:
    """One installation."""

    certificate_id: strawberry.ID = strawberry.field(description="Which certificate.")
    fingerprint_sha256: str = strawberry.field(description="SHA-256 of what is installed, in hex.")
    target_name: str = strawberry.field(description="Which place on the server.")
    installed_at: datetime = strawberry.field(description="When.")


@strawberry.input(description="All that an agent reports; nothing else is taken.")
class ReportAgentInput:
    """Report of an agent."""

    agent_id: strawberry.ID = strawberry.field(description="Who reports.")
    agent_version: str = strawberry.field(description=_VERSION)
    operating_system: str = strawberry.field(description=_SYSTEM)
    host_name: str = strawberry.field(description=_HOST)
    web_server: str | None = strawberry.field(default=None, description=_WEB_SERVER)
    installations: list[InstallationInput] = strawberry.field(description="What is installed where.")


@strawberry.input(description="Which agent goes.")
class RemoveAgentInput:
    """Agent to remove."""

    agent_id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="The enrolled agent with its own API token, which is shown this once.")
class EnrolAgentPayload:
    """New agent, or errors."""

    agent: Agent | None = strawberry.field(default=None, description="The agent.")
    secret: str | None = personal.computed(
        "a fresh random text", default=None, description="Its API token; only a hash of it is kept."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="The agent after the change.")
class AgentPayload:
    """Agent, or errors."""

    agent: Agent | None = strawberry.field(default=None, description="The agent.")
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type(description="The id of what was removed.")
class RemoveAgentPayload:
    """Removed agent, or errors."""

    agent_id: strawberry.ID | None = personal.computed(
        "opaque name of a row that is gone", default=None, description="Its id."
    )
    errors: list[UserError] = strawberry.field(description=ERRORS)


@strawberry.type
class AgentMutations:
    """Mutations of agents."""

    @strawberry.mutation(
        description="Enrol an agent; it gets a token of its own.",
        directives=[RequiresScope(scope="agents:enrol"), ONCE],
    )
    async def enrol_agent(self, info: Info, input: EnrolAgentInput) -> EnrolAgentPayload | None:  # noqa: A002
        """Enrol an agent."""

        async def act(work: Work) -> EnrolAgentPayload:
            enrolled = await enrol_agent(work, input.label, _facts(input))
            shown = Agent(row=enrolled.row, about=own(work))
            return EnrolAgentPayload(agent=shown, secret=enrolled.secret, errors=[])

        return await in_one_transaction(info, EnrolAgentPayload, act)

    @strawberry.mutation(
        description="Report what is installed where.", directives=[RequiresScope(scope="agents:report")]
    )
    async def report_agent(self, info: Info, input: ReportAgentInput) -> AgentPayload | None:  # noqa: A002
        """Take a report."""

        async def act(work: Work) -> AgentPayload:
            row = await report_agent(work, _report(input))
            return AgentPayload(agent=Agent(row=row, about=own(work)), errors=[])

        return await in_one_transaction(info, AgentPayload, act)

    @strawberry.mutation(
        description="Remove an agent; its token ends at once.", directives=[RequiresScope(scope="agents:enrol")]
    )
    async def remove_agent(self, info: Info, input: RemoveAgentInput) -> RemoveAgentPayload | None:  # noqa: A002
        """Remove an agent."""

        async def act(work: Work) -> RemoveAgentPayload:
            agent_id = await remove_agent(work, AgentId(required_id(input.agent_id, "Agent", "agentId")))
            return RemoveAgentPayload(agent_id=encode_id("Agent", agent_id), errors=[])

        return await in_one_transaction(info, RemoveAgentPayload, act)


def _report(asked: ReportAgentInput) -> AgentReport:
    return AgentReport(
        agent_id=AgentId(required_id(asked.agent_id, "Agent", "agentId")),
        facts=_facts(asked),
        installations=[
            ReportedInstallation(
                certificate_id=CertificateId(required_id(one.certificate_id, "Certificate", "certificateId")),
                fingerprint_sha256=one.fingerprint_sha256,
                target_name=one.target_name,
                installed_at=one.installed_at,
            )
            for one in asked.installations
        ],
    )


def _facts(asked: EnrolAgentInput | ReportAgentInput) -> HostFacts:
    return HostFacts(
        host_name=asked.host_name,
        operating_system=asked.operating_system,
        agent_version=asked.agent_version,
        web_server=asked.web_server,
    )
