"""What the agent says about its machine: four facts, each named here, and nothing else (clause 1.2-a).

One rule: no environment, no list of processes, no content of the user's files.
"""

from __future__ import annotations

import platform
import socket
from dataclasses import dataclass

from sslm_agent.safe_text import checked_value

LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The machine as it is reported; the web server is what the user said it is, or None."""

    host_name: str
    operating_system: str
    web_server: str | None


def host_facts(web_server: str | None) -> HostFacts:
    """Ask the system for its name and release."""
    named = None if web_server is None else checked_value(web_server, "--web-server", LONGEST_LABEL)
    return HostFacts(socket.gethostname()[:253] or "unnamed", _operating_system()[:LONGEST_LABEL], named)


def _operating_system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return name or f"{platform.system()} {platform.release()}"
