"""The errors of issuance: what the holder sent that no authority would sign, and what the authority answered.

    InvalidInput ── NameRefused, CsrRefused, ChallengeUnsuitable
    IssuanceError ── CaProblem, ChallengeFailed, CaUnreachable, CertificateRefused

No message repeats a byte of the input or of the authority's answer; the answer stays in `problem`, bounded.
"""

from __future__ import annotations

from datetime import datetime

from api.issuance.advice import advice
from api.issuance.problems import Problem
from api.kit.errors import CertificateManagerError, InvalidInput


class NameRefused(InvalidInput):
    """No publicly trusted authority would certify this name; nothing was stored."""

    code = "NAME_REFUSED"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...] = ("name",)) -> None:
        super().__init__(message, rule=rule, field=field)


class CsrRefused(InvalidInput):
    """The certificate signing request breaks a rule; nothing of it was stored or sent."""

    code = "CSR_REFUSED"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...] = ("csr",)) -> None:
        super().__init__(message, rule=rule, field=field)


class ChallengeUnsuitable(InvalidInput):
    """The chosen challenge cannot prove one of the names (RFC 8555 section 8.3: no wildcard by http-01)."""

    code = "CHALLENGE_UNSUITABLE"

    def __init__(self, message: str, *, rule: str, field: tuple[str, ...] = ("challengeType",)) -> None:
        super().__init__(message, rule=rule, field=field)


class IssuanceError(CertificateManagerError):
    """The certificate authority did not give what was asked; `problem` is its full answer."""

    code = "ISSUANCE"

    def __init__(self, message: str, *, problem: Problem | None = None, retry_at: datetime | None = None) -> None:
        super().__init__(message, retry_at=retry_at or (problem.retry_at if problem else None))
        self.problem = problem

    @classmethod
    def of(cls, problem: Problem) -> IssuanceError:
        """Make the error whose class and text fit the problem; `retry_at` comes along."""
        kind = _KINDS.get(problem.name, CaProblem)
        return kind(advice(problem), problem=problem)


class CaProblem(IssuanceError):
    """The authority answered with a problem document (RFC 7807, RFC 8555 section 6.7)."""

    code = "CA_PROBLEM"


class ChallengeFailed(IssuanceError):
    """At least one name could not be proved; `problem.subproblems` names each."""

    code = "CHALLENGE_FAILED"


class CaUnreachable(IssuanceError):
    """The authority did not answer, or not in its own protocol; it is unknown whether the request had an effect."""

    code = "CA_UNREACHABLE"


class CertificateRefused(IssuanceError):
    """What the authority delivered is not the certificate that was ordered; it was not stored."""

    code = "CERTIFICATE_REFUSED"


_KINDS: dict[str, type[IssuanceError]] = {
    "authorization-ended": ChallengeFailed,
    "connection": ChallengeFailed,
    "dns": ChallengeFailed,
    "tls": ChallengeFailed,
    "incorrectResponse": ChallengeFailed,
    "caa": ChallengeFailed,
    "unreachable": CaUnreachable,
    "protocol": CaUnreachable,
    "redirect": CaUnreachable,
    "foreign-url": CaUnreachable,
    "certificate-refused": CertificateRefused,
}
