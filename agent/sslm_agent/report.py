"""What the agent reports: a closed list of fields (clause 1.2-a), built in one place for showing and for sending."""

from __future__ import annotations

from sslm_agent import __version__
from sslm_agent.enrolment import Enrolment
from sslm_agent.home import Home
from sslm_agent.host import host_facts
from sslm_agent.live import installations
from sslm_agent.wire import encode_body


def report_body(home: Home, enrolment: Enrolment) -> bytes:
    """Return the HTTP body of a report, the same bytes while nothing changes."""
    host = host_facts(enrolment.web_server)
    values = {
        "agentId": enrolment.agent_id,
        "agentVersion": __version__,
        "operatingSystem": host.operating_system,
        "hostName": host.host_name,
        "webServer": host.web_server,
        "installations": [installation.reported() for installation in installations(home)],
    }
    return encode_body("ReportAgent", {"input": values})
