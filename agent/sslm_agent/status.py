"""What this folder holds, read from the folder alone: nothing is asked of the platform and nothing secret is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sslm_agent.clock import stamp
from sslm_agent.enrolment import is_enrolled, load_enrolment
from sslm_agent.home import Home
from sslm_agent.keys import KeyStore
from sslm_agent.live import Installation, installations, used_keys
from sslm_agent.orders import PendingOrder, unfinished


def installation_values(home: Home, installation: Installation) -> dict[str, object]:
    """Return one installation for scripts."""
    leaf = installation.leaf
    return {
        "name": installation.folder,
        "names": sorted(leaf.names),
        "folder": str(home.live / installation.folder / "current"),
        "certificateId": installation.certificate_id,
        "serialNumber": leaf.serial,
        "fingerprintSha256": leaf.fingerprint_sha256,
        "publicKeySha256": leaf.public_key_sha256,
        "notBefore": stamp(leaf.not_before),
        "notAfter": stamp(leaf.not_after),
        "targetName": installation.target_name,
        "installedAt": installation.installed_at,
    }


def installation_lines(home: Home, installation: Installation, now: datetime) -> Iterator[str]:
    """Return one installation for a reader."""
    leaf = installation.leaf
    yield f"certificate {installation.folder}: {', '.join(sorted(leaf.names))}"
    left = (leaf.not_after - now).days
    yield f"  valid until {stamp(leaf.not_after)} ({left} days left)" if left >= 0 else "  EXPIRED"
    yield f"  fingerprint (SHA-256) {leaf.fingerprint_sha256}"
    yield f"  in use since {installation.installed_at} from {home.live / installation.folder / 'current'}"


def _order_step(pending: PendingOrder) -> str:
    if pending.certificate_id is not None:
        return "received, not installed"
    return "ordered" if pending.order_id is not None else "recorded, not confirmed by the platform"


def status_values(home: Home) -> dict[str, object]:
    """Return everything for scripts."""
    enrolment = load_enrolment(home) if is_enrolled(home) else None
    return {
        "home": str(home.path),
        "server": enrolment.server_url if enrolment else None,
        "agentId": enrolment.agent_id if enrolment else None,
        "certificates": [installation_values(home, installation) for installation in installations(home)],
        "orders": [
            {"name": folder, "names": list(order.names), "orderId": order.order_id, "step": _order_step(order)}
            for folder, order in unfinished(home)
        ],
    }


def status_lines(home: Home, now: datetime) -> Iterator[str]:
    """Return everything for a reader."""
    yield f"folder {home.path}"
    if is_enrolled(home):
        enrolment = load_enrolment(home)
        yield f"enrolled at {enrolment.server_url} as {enrolment.agent_id}"
    else:
        yield "not enrolled: run `sslm-agent enrol --server URL`"
    for installation in installations(home):
        yield from installation_lines(home, installation, now)
    for folder, order in unfinished(home):
        yield f"unfinished order {folder}: {_order_step(order)}; run its command again to go on"


def key_values(home: Home) -> list[dict[str, object]]:
    """Return what may be told about each key: never the key."""
    used = used_keys(home)
    ordered = {order.public_key_sha256: folder for folder, order in unfinished(home)}
    listed: list[dict[str, object]] = []
    for facts in KeyStore(home).all():
        users = list(used.get(facts.public_key_sha256, []))
        if facts.public_key_sha256 in ordered:
            users.append(f"{ordered[facts.public_key_sha256]} (unfinished order)")
        listed.append(
            {
                "publicKeySha256": facts.public_key_sha256,
                "keyType": str(facts.key_type),
                "createdAt": facts.created_at,
                "usedBy": users,
            }
        )
    return listed
