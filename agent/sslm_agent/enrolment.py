"""Who this agent is: server, agent id and its own API token, kept apart from each other.

Credentials are written before the configuration: a folder with a configuration is enrolled. The holder's token is
used once and never stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sslm_agent.durable import write_file
from sslm_agent.errors import AlreadyEnrolled, HomeUnsafe, InvalidChoice, NotEnrolled, ServerAnswerInvalid
from sslm_agent.home import Home
from sslm_agent.host import HostFacts
from sslm_agent.server import Server
from sslm_agent.stored import Stored, store
from sslm_agent.transport import Transport, read_endpoint

_API_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{8,512}\Z")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a run needs to know; the API token is not shown by `repr`."""

    server_url: str
    agent_id: str
    api_token: str
    ca_file: Path | None
    web_server: str | None

    def __repr__(self) -> str:
        return f"Enrolment(server_url={self.server_url!r}, agent_id={self.agent_id!r})"

    def server(self) -> Server:
        """Return the platform, spoken to with the agent's own API token."""
        return Server(Transport(read_endpoint(self.server_url), ca_file=self.ca_file), self.api_token)


def check_api_token(api_token: str) -> str:
    """Refuse what cannot be an API token before it is sent anywhere."""
    api_token = api_token.strip()
    if not _API_TOKEN.match(api_token):
        raise InvalidChoice(
            "What was given is no API token. Nothing was sent. Copy it again from the page where it was made."
        )
    return api_token


def is_enrolled(home: Home) -> bool:
    """Say whether an enrolment was completed in this folder."""
    return home.config.exists()


def enrol(
    home: Home, server_url: str, api_token: str, host: HostFacts, *, label: str, ca_file: Path | None, replace: bool
) -> Enrolment:
    """Enrol and store the agent's own token. After a kill between answer and storing, enrol again with `replace`."""
    if is_enrolled(home) and not replace:
        raise AlreadyEnrolled(
            f"The agent in {home.path} is enrolled already. Nothing was sent. Add --replace to enrol it anew."
        )
    trusted = _store_ca_file(home, ca_file)
    server = Server(Transport(read_endpoint(server_url), ca_file=trusted), check_api_token(api_token))
    agent_id, agent_api_token = server.enrol_agent(label, host)
    if not _API_TOKEN.match(agent_api_token):
        raise ServerAnswerInvalid(
            "The server answered the enrolment with something that is no API token. Nothing was stored. "
            "Remove the new agent on the agents page and tell the operator of the server."
        )
    store(home.credentials, {"agent_id": agent_id, "api_token": agent_api_token})
    store(
        home.config,
        {
            "agent_id": agent_id,
            "private_server_ca": trusted is not None,
            "server_url": server_url,
            "web_server": host.web_server,
        },
    )
    return Enrolment(server_url, agent_id, agent_api_token, trusted, host.web_server)


def _store_ca_file(home: Home, ca_file: Path | None) -> Path | None:
    """Keep a copy of the server's private CA, so that a later change of the original does not change our trust."""
    if ca_file is None:
        return None
    try:
        write_file(home.server_ca, ca_file.read_bytes())
    except OSError as error:
        raise InvalidChoice(
            f"{ca_file} cannot be read: {error.strerror}. Nothing was sent. Correct --ca-file."
        ) from error
    return home.server_ca


def load_enrolment(home: Home) -> Enrolment:
    """Read the enrolment; both files must speak of the same agent."""
    if not is_enrolled(home):
        raise NotEnrolled(
            f"The agent in {home.path} is not enrolled. Nothing was done. Run `sslm-agent enrol --server URL`."
        )
    config, credentials = Stored(home.config), Stored(home.credentials)
    if config.text("agent_id") != credentials.text("agent_id"):
        raise HomeUnsafe("An enrolment was interrupted. Nothing was done. Run `sslm-agent enrol --replace` again.")
    return Enrolment(
        server_url=config.text("server_url"),
        agent_id=config.text("agent_id"),
        api_token=check_api_token(credentials.text("api_token")),
        ca_file=home.server_ca if config.flag("private_server_ca") else None,
        web_server=config.optional_text("web_server"),
    )
