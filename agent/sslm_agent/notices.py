"""The texts the agent itself must show, and how the notices of an order are shown (clauses 9-a, 4.1-c, 4.1-d)."""

from __future__ import annotations

from collections.abc import Iterator

from sslm_agent.answers import Notice, OrderNotices
from sslm_agent.safe_text import safe_line, safe_text

AGE_NOTICE = "This service is not intended for people under sixteen."


def privacy_lines(server_url: str) -> list[str]:
    """Return the short privacy notice."""
    return [
        AGE_NOTICE,
        "Private keys are made on this machine and stay in the folder of the agent; only signing requests are sent.",
        "Sent about this machine: host name, operating system, agent version, the web server you name,",
        "and which certificates are installed. `sslm-agent report --dry-run` prints exactly what a report sends.",
        f"Privacy policy: {server_url.rstrip('/')}/privacy",
    ]


def order_notice_lines(notices: OrderNotices, names: tuple[str, ...]) -> Iterator[str]:
    """Return the notices of an order, the stronger warnings last, where they are read."""
    yield f"About to order a certificate for: {', '.join(names)}"
    yield ""
    yield from _notice("Certificate Transparency", notices.certificate_transparency)
    yield from _notice("Certificate authority", notices.certificate_authority)
    for name, text in notices.warnings:
        yield f"WARNING for {safe_line(name, longest=260)}: {safe_line(text)}"


def _notice(title: str, notice: Notice) -> Iterator[str]:
    yield f"{title} (notice {safe_line(notice.version, longest=60)})"
    yield from safe_text(notice.text).splitlines()
    if notice.policy_url:
        yield f"More: {safe_line(notice.policy_url)}"
    yield ""
