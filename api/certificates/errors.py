"""The errors of ordering, revoking and reporting. Each but the last means that nothing was stored.

InvalidInput ── DomainNotAdded, CtNotAcknowledged, CaNoticeNotAcknowledged, FingerprintMismatch, AgentValueRefused
Conflict ── OrderNotPending        RateLimited ── TooManyOpenOrders, TooManyAgents
    IssuanceError ── RevocationPending (the one that stored something: the intent)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.issuance.errors import IssuanceError
from api.issuance.problems import Problem
from api.kit.errors import Conflict, InvalidInput, NotFound, RateLimited

_NAMED: Final = 10


class DomainNotAdded(InvalidInput):
    """A name of the request is not a domain of the account; the message says which (they come from the request)."""

    code = "DOMAIN_NOT_ADDED"

    def __init__(self, missing: Sequence[str]) -> None:
        named = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
        super().__init__(
            f"Not ordered: these names are not among your domains: {named}. "
            "Add each of them first, spelled exactly so; a wildcard is an entry of its own.",
            rule="domain-not-added",
            field=("csr",),
        )
        self.names = tuple(missing)


class CtNotAcknowledged(InvalidInput):
    """The order does not say that its names become public (clause 4.1-d); the message is the notice itself."""

    code = "CT_NOT_ACKNOWLEDGED"

    def __init__(self, notice: str, version: str, *, rule: str = "not-acknowledged") -> None:
        super().__init__(
            f"Not ordered: acknowledge this notice (version {version}) first. {notice}",
            rule=rule,
            field=("ctAcknowledged",) if rule == "not-acknowledged" else ("ctNoticeVersion",),
        )


class CaNoticeNotAcknowledged(InvalidInput):
    """The holder never acknowledged how the authority treats data, in its present version (clause 4.1-c)."""

    code = "CA_NOTICE_NOT_ACKNOWLEDGED"

    def __init__(self, notice: str, version: str, *, rule: str = "not-acknowledged") -> None:
        super().__init__(
            f"Not ordered: acknowledge this notice (version {version}) once, first. {notice}",
            rule=rule,
            field=("caNoticeAcknowledged",) if rule == "not-acknowledged" else ("caNoticeVersion",),
        )


class OrderNotPending(Conflict):
    """The order does not wait for challenges: it has no values to place yet, or it ended."""

    code = "ORDER_NOT_PENDING"

    def __init__(self, *, ended: bool) -> None:
        super().__init__(
            "The order has ended, so there is nothing to validate. Nothing was changed. Order again."
            if ended
            else "The order does not wait for its challenges now. Nothing was changed. Read it again in a moment.",
            field=("orderId",),
        )


class TooManyOpenOrders(RateLimited):
    """The account has as many unfinished orders as it may have."""

    code = "TOO_MANY_OPEN_ORDERS"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Not ordered: {limit} orders are open already. Place their challenges, or wait until they end by "
            "themselves, then order again."
        )


class TooManyAgents(RateLimited):
    """The account has as many agents as it may have."""

    code = "TOO_MANY_AGENTS"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Not enrolled: this account has {limit} agents already. Remove one that is used no more.")


class FingerprintMismatch(InvalidInput):
    """A report says that a certificate is installed whose fingerprint is another one."""

    code = "FINGERPRINT_MISMATCH"

    def __init__(self, position: int) -> None:
        super().__init__(
            "The fingerprint installed is not that of the certificate named. Nothing of the report was stored. "
            "Install the certificate again, then report.",
            rule="fingerprint-mismatch",
            field=("installations", str(position), "fingerprintSha256"),
        )


class AgentValueRefused(InvalidInput):
    """A value of an enrolment or a report is empty, too long or not printable."""

    code = "AGENT_VALUE_REFUSED"

    def __init__(self, limit: int, *, field: tuple[str, ...]) -> None:
        super().__init__(
            f"Nothing was stored: a value needs between 1 and {limit} printable characters.",
            rule="agent-value",
            field=field,
        )


class RevocationPending(IssuanceError):
    """The authority has not confirmed a revocation; the platform goes on asking by itself."""

    code = "REVOCATION_PENDING"

    def __init__(self, problem: Problem) -> None:
        super().__init__(
            "The certificate is not revoked yet: the authority did not answer. Your order to revoke it is stored and "
            "repeated until the authority confirms it; you need not do anything. Look again after the time shown.",
            problem=problem,
        )


def no_order() -> NotFound:
    """Return the one answer for an order that is missing or somebody else's."""
    return NotFound("There is no such order in your account. Nothing was changed.", field=("orderId",))


def no_certificate(field: tuple[str, ...] = ("certificateId",)) -> NotFound:
    """Return the one answer for a certificate that is missing or somebody else's."""
    return NotFound("There is no such certificate in your account. Nothing was changed.", field=field)


def no_agent() -> NotFound:
    """Return the one answer for an agent that is missing or somebody else's."""
    return NotFound("There is no such agent in your account. Nothing was changed.", field=("agentId",))
