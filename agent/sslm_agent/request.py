"""What the user wants, what a run is given, and what it ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sslm_agent.answers import OrderNotices
from sslm_agent.challenges import Placement
from sslm_agent.clock import Clock
from sslm_agent.enrolment import Enrolment
from sslm_agent.errors import AgentError
from sslm_agent.home import Home
from sslm_agent.install import InstallPlan
from sslm_agent.keys import KeyType
from sslm_agent.live import Installation
from sslm_agent.progress import Progress

ORDER_SECONDS = 900.0

Acknowledge = Callable[[OrderNotices], bool]


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What the user wants; `names` as typed, the first one names the folder.

    `renew_now` orders although the certificate in use is still good; `start_over` drops an unfinished order.
    """

    names: tuple[str, ...]
    key_type: KeyType = KeyType.P256
    add_domains: bool = False
    renew_now: bool = False
    start_over: bool = False
    target_name: str | None = None
    install: InstallPlan = field(default_factory=InstallPlan)
    probe_address: tuple[str, int] | None = None
    seconds: float = ORDER_SECONDS


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a run works and whom it talks to."""

    home: Home
    enrolment: Enrolment
    placement: Placement
    acknowledge: Acknowledge
    progress: Progress
    clock: Clock


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is in use now; `incomplete` is what failed after the installation, which stands."""

    installation: Installation
    ordered: bool
    incomplete: AgentError | None = None
