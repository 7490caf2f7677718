"""The platform's operations as the agent uses them: one method, one document of `documents/`.

A typed error of a payload becomes `ServerRefused`, anything less than an answer `ServerUnreachable`,
`ServerAnswerInvalid` or `ServerFailed`. Only operations that may be repeated safely are repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sslm_agent import __version__
from sslm_agent.answers import Fields, Order, OrderNotices, Problem, wrong
from sslm_agent.clock import Clock, SystemClock
from sslm_agent.errors import ServerFailed, ServerRefused, ServerUnreachable
from sslm_agent.host import HostFacts
from sslm_agent.safe_text import safe_line
from sslm_agent.transport import Answer, Transport
from sslm_agent.wire import encode_body

_PAUSES = (0.5, 2.0)
_UNAUTHENTICATED = 401
_TOO_MANY = 429
_SERVER_ERROR = 500


class Server:
    """One platform and the API token to speak with."""

    def __init__(self, transport: Transport, api_token: str, clock: Clock | None = None) -> None:
        self._transport = transport
        self._api_token = api_token
        self._clock = clock or SystemClock()

    def enrol_agent(self, label: str, host: HostFacts) -> tuple[str, str]:
        """Return the agent's id and its own API token. Sent once: a lost answer leaves an unused agent behind."""
        values = {
            "label": label,
            "hostName": host.host_name,
            "operatingSystem": host.operating_system,
            "agentVersion": __version__,
            "webServer": host.web_server,
        }
        payload = self._mutate("EnrolAgent", "enrolAgent", values, attempts=1)
        return payload.part("agent", lambda agent: agent.text("id")), payload.text("secret")

    def order_notices(self, names: tuple[str, ...]) -> OrderNotices:
        """Return the notices for these names."""
        return self._call("OrderNotices", {"names": list(names)}).part("orderNotices", OrderNotices.read)

    def add_domain(self, name: str) -> None:
        """Add a domain to the account; one that is there already refuses as `Conflict`."""
        self._mutate("AddDomain", "addDomain", {"name": name})

    def order_certificate(self, values: Mapping[str, object]) -> Order:
        """Order; the idempotency key in `values` makes a repetition return the first order."""
        return self._mutate("OrderCertificate", "orderCertificate", values).part("order", Order.read)

    def confirm_challenges(self, order_id: str) -> Order:
        """Say that the challenges are placed, which starts validation."""
        payload = self._mutate("ConfirmChallenges", "confirmChallenges", {"orderId": order_id})
        return payload.part("order", Order.read)

    def order(self, order_id: str) -> Order | None:
        """Return the order as it is now; None when it does not exist or is not ours."""
        return self._call("OrderState", {"id": order_id}).optional_part("node", _order_node)

    def report(self, body: bytes) -> None:
        """Send a report that `report.report_body` made, byte for byte."""
        _payload(self._data(body, attempts=1 + len(_PAUSES)), "reportAgent")

    def _mutate(self, operation: str, field: str, values: Mapping[str, object], *, attempts: int = 3) -> Fields:
        return _payload(self._call(operation, {"input": values}, attempts=attempts), field)

    def _call(self, operation: str, variables: Mapping[str, object], *, attempts: int = 1 + len(_PAUSES)) -> Fields:
        return self._data(encode_body(operation, variables), attempts=attempts)

    def _data(self, body: bytes, *, attempts: int) -> Fields:
        for pause in _PAUSES[: attempts - 1]:
            try:
                return read_data(self._transport.post(body, self._api_token))
            except ServerUnreachable:
                self._clock.pause(pause)
        return read_data(self._transport.post(body, self._api_token))


def read_data(answer: Answer) -> Fields:
    """Return `data` of a GraphQL answer; top-level errors and failing statuses become errors."""
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise wrong("body") from None
    if not isinstance(content, dict):
        raise wrong("body")
    errors = content.get("errors")
    if errors or answer.status >= 400:  # noqa: PLR2004 - RFC 9110, 15.5
        raise _failure(answer, errors)
    return Fields(content.get("data"), "data")


def _failure(answer: Answer, errors: object) -> ServerFailed | ServerRefused:
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    server_code = safe_line(code, longest=80) if isinstance(code, str) else f"HTTP_{answer.status}"
    said = first.get("message")
    message = safe_line(said) if isinstance(said, str) else f"The server answered {answer.status} without a reason."
    if answer.status == _UNAUTHENTICATED:
        advice = "The agent's API token may be revoked or expired: enrol again with `sslm-agent enrol --replace`."
        return ServerRefused(message, server_code=server_code, kind="Unauthenticated", detail=[advice])
    if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY or code in {"INTERNAL", "AUDIT_UNAVAILABLE"}:
        return ServerFailed(message, server_code=server_code, retry_at=_later(answer, extensions))
    return ServerRefused(message, server_code=server_code, kind="RequestRefused", retry_at=_later(answer, extensions))


def _later(answer: Answer, extensions: object) -> datetime | None:
    stated = Fields(extensions, "extensions").optional_time("retryAt") if isinstance(extensions, dict) else None
    return stated or answer.retry_at


def _payload(data: Fields, field: str) -> Fields:
    """Return the payload of a mutation; its first typed error is raised, further ones become detail."""
    payload = data.part(field, lambda fields: fields)
    refusals = payload.parts("errors", _refusal)
    if refusals:
        refusals[0].detail += tuple(f"{other.server_code}: {other.message}" for other in refusals[1:])
        raise refusals[0]
    return payload


def _refusal(fields: Fields) -> ServerRefused:
    problem = fields.optional_part("problem", Problem.read)
    detail = [f"missing: {safe_line(missing, longest=80)}" for missing in fields.texts("missing")]
    rule = fields.optional_text("rule")
    if rule:
        detail.append(f"rule: {safe_line(rule, longest=80)}")
    detail += [safe_line(line) for line in problem.lines()] if problem else []
    return ServerRefused(
        safe_line(fields.text("message"), longest=1000),
        server_code=safe_line(fields.text("code"), longest=80),
        kind=fields.text("__typename"),
        detail=detail,
        retry_at=fields.optional_time("retryAt") or (problem.retry_at if problem else None),
    )


def _order_node(fields: Fields) -> Order:
    if fields.text("__typename") != "Order":
        raise wrong("node.__typename")
    return Order.read(fields)
