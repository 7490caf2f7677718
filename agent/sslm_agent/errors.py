"""The errors of the agent, drawn once, and the exit status each ends with.

A message says what happened, what did not, and what to do next; it never holds a private key or an API token.

    AgentError
    ├── InvalidChoice  HomeUnsafe  NotEnrolled  AlreadyEnrolled  HomeBusy       before anything was asked
    ├── ServerUnreachable  ServerAnswerInvalid  ServerFailed  ServerRefused     the platform
    ├── NoticesNotAcknowledged  OrderFailed  OrderDiffers  Unfinished           the order
    ├── ChallengeInvalid  PlacementFailed                                       proving control of the names
    └── CertificateRefused  InstallationFailed  NotServed  NotReported          the certificate
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum


class Exit(IntEnum):
    """What the command ends with; documented in the README, pinned by a test."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    LOCAL = 3
    UNREACHABLE = 4
    REFUSED = 5
    ORDER_FAILED = 6
    CERTIFICATE_REFUSED = 7
    INSTALLATION_FAILED = 8
    NOT_SERVED = 9
    NOT_REPORTED = 10
    UNFINISHED = 11
    NOT_ACKNOWLEDGED = 12


class AgentError(Exception):
    """Anything that stops the agent, said safely.

    `detail` holds further lines for the reader, `retry_at` (UTC) the moment from which the same call may succeed.
    """

    code = "AGENT"
    exit_status = Exit.INTERNAL

    def __init__(self, message: str, *, detail: Sequence[str] = (), retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = tuple(detail)
        self.retry_at = retry_at


class InvalidChoice(AgentError):
    """An option or a name cannot be used."""

    code = "INVALID_CHOICE"
    exit_status = Exit.USAGE


class HomeUnsafe(AgentError):
    """Somebody else may read or change the folder of the agent, or it cannot be read."""

    code = "HOME_UNSAFE"
    exit_status = Exit.LOCAL


class HomeBusy(AgentError):
    """Another agent works in the same folder."""

    code = "HOME_BUSY"
    exit_status = Exit.LOCAL


class NotEnrolled(AgentError):
    """The folder belongs to no account yet."""

    code = "NOT_ENROLLED"
    exit_status = Exit.LOCAL


class AlreadyEnrolled(AgentError):
    """The folder belongs to an account already."""

    code = "ALREADY_ENROLLED"
    exit_status = Exit.LOCAL


class ServerUnreachable(AgentError):
    """No complete answer came; for a change it is unknown whether it was made."""

    code = "SERVER_UNREACHABLE"
    exit_status = Exit.UNREACHABLE


class ServerAnswerInvalid(AgentError):
    """What came back is not what the platform may answer; nothing of it was used."""

    code = "SERVER_ANSWER_INVALID"
    exit_status = Exit.UNREACHABLE


class ServerFailed(AgentError):
    """The platform answered that it cannot answer; `server_code` is its word for why."""

    code = "SERVER_FAILED"
    exit_status = Exit.UNREACHABLE

    def __init__(self, message: str, *, server_code: str, retry_at: datetime | None = None) -> None:
        super().__init__(message, retry_at=retry_at)
        self.server_code = server_code


class ServerRefused(AgentError):
    """A typed refusal: the platform changed nothing and says why; `server_code` and `kind` are its own words."""

    code = "SERVER_REFUSED"
    exit_status = Exit.REFUSED

    def __init__(
        self,
        message: str,
        *,
        server_code: str,
        kind: str,
        detail: Sequence[str] = (),
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(message, detail=detail, retry_at=retry_at)
        self.server_code = server_code
        self.kind = kind


class NoticesNotAcknowledged(AgentError):
    """The notices were not acknowledged, so nothing was ordered."""

    code = "NOTICES_NOT_ACKNOWLEDGED"
    exit_status = Exit.NOT_ACKNOWLEDGED


class OrderFailed(AgentError):
    """The order ended without a certificate."""

    code = "ORDER_FAILED"
    exit_status = Exit.ORDER_FAILED


class OrderDiffers(AgentError):
    """An unfinished order of other shape is in the way."""

    code = "ORDER_DIFFERS"
    exit_status = Exit.LOCAL


class Unfinished(AgentError):
    """The order goes on; running the same command again resumes it."""

    code = "UNFINISHED"
    exit_status = Exit.UNFINISHED


class ChallengeInvalid(AgentError):
    """A challenge is not of the form its RFC gives it; it was not placed."""

    code = "CHALLENGE_INVALID"
    exit_status = Exit.UNREACHABLE


class PlacementFailed(AgentError):
    """A challenge could not be placed on this machine."""

    code = "PLACEMENT_FAILED"
    exit_status = Exit.LOCAL


class CertificateRefused(AgentError):
    """The certificate received is not the one ordered, or would replace a newer one; it was not installed."""

    code = "CERTIFICATE_REFUSED"
    exit_status = Exit.CERTIFICATE_REFUSED


class InstallationFailed(AgentError):
    """The installation was undone; what was served before is in place again."""

    code = "INSTALLATION_FAILED"
    exit_status = Exit.INSTALLATION_FAILED


class NotServed(AgentError):
    """The certificate is installed, but the server answers with another."""

    code = "NOT_SERVED"
    exit_status = Exit.NOT_SERVED


class NotReported(AgentError):
    """The certificate is installed; the platform was not told."""

    code = "NOT_REPORTED"
    exit_status = Exit.NOT_REPORTED
