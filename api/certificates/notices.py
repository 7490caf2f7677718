"""What a holder is told before each order: names become public for ever, and what the authority keeps.

Clauses 4.1-c and 4.1-d. The rule: a version is made from the text, so no text changes under an old version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import select

from api.db.sessions import ReadSession
from api.issuance.authority import CaDescription
from api.issuance.names import registered_domain
from api.models import AccountId, AcknowledgementRow

TRANSPARENCY: Final = "certificate_transparency"
AUTHORITY: Final = "certificate_authority"
_DATED: Final = "2026-11"

_TRANSPARENCY_TEXT: Final = (
    "Every certificate is entered in public Certificate Transparency logs. All names in it become public, anybody can "
    "find them, and they can never be removed, not even when the certificate is revoked or your account is erased. "
    "A wildcard such as *.example.com hides the names of the hosts below it."
)
_AUTHORITY_TEXT: Final = (
    "The names you order, the public key and the proofs of control are sent to {name}, which handles them under its "
    "own privacy policy; please review it. It looks at the servers you name and keeps records of each validation, "
    "including IP addresses, for 7 to 10 years; it may be unable to delete them. No e-mail address, name or account "
    "number of yours is sent."
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice in its present version. `policy_url` is whose own policy to read."""

    kind: str
    version: str
    text: str
    policy_url: str | None = None
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class NameWarning:
    """A name that looks as if it was not meant for the public."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class OrderNotices:
    """All that is shown before an order of these names."""

    certificate_transparency: Notice
    certificate_authority: Notice
    warnings: tuple[NameWarning, ...]


def transparency_notice() -> Notice:
    """Return the notice that must be acknowledged with each order."""
    return Notice(TRANSPARENCY, _version(_TRANSPARENCY_TEXT), _TRANSPARENCY_TEXT)


def authority_notice(authority: CaDescription) -> Notice:
    """Return the notice that must be acknowledged once in each version, for each authority and policy address."""
    text = _AUTHORITY_TEXT.format(name=authority.name)
    version = _version(f"{text} {authority.policy_url or ''}")
    return Notice(AUTHORITY, version, text, authority.policy_url)


def _version(text: str) -> str:
    return f"{_DATED}-{sha256(text.encode()).hexdigest()[:12]}"


async def order_notices(
    session: ReadSession, account_id: AccountId, names: Iterable[str], authority: CaDescription
) -> OrderNotices:
    """Return the notices with the account's acknowledgements. The one about names is asked for at every order."""
    notice = authority_notice(authority)
    acknowledged = await find_acknowledgement(session, account_id, notice) is not None
    return OrderNotices(
        certificate_transparency=transparency_notice(),
        certificate_authority=Notice(notice.kind, notice.version, notice.text, notice.policy_url, acknowledged),
        warnings=tuple(name_warnings(names)),
    )


async def find_acknowledgement(session: ReadSession, account_id: AccountId, notice: Notice) -> UUID | None:
    """Return the acknowledgement of exactly this version, if there is one."""
    row = AcknowledgementRow
    found = select(row.id).where(row.account_id == account_id, row.kind == notice.kind, row.version == notice.version)
    return (await session.execute(found.limit(1))).scalar_one_or_none()


_PRIVATE_WORDS: Final = frozenset(
    {"admin", "backup", "bastion", "build", "ci", "corp", "db", "debug", "dev", "dmz", "erp", "firewall", "git"}
    | {"grafana", "home", "idrac", "ilo", "intern", "internal", "intra", "intranet", "jenkins", "jira", "jump"}
    | {"kibana", "kube", "ldap", "local", "mgmt", "monitor", "nagios", "nas", "office", "phpmyadmin", "preprod"}
    | {"private", "prod", "proxmox", "radius", "rdp", "remote", "restricted", "router", "secret", "secure", "sql"}
    | {"ssh", "stage", "staging", "switch", "test", "uat", "vault", "vcenter", "vpn"}
)
_PRIVATE_SUFFIXES: Final = (".internal", ".local", ".lan", ".home", ".corp", ".intranet")
_WORDS = re.compile(r"[a-z]+")
_NUMBERS = re.compile(r"(?:^|[.-])\d{1,3}[.-]\d{1,3}[.-]\d{1,3}[.-]\d{1,3}(?:[.-]|$)")


def name_warnings(names: Iterable[str]) -> Iterator[NameWarning]:
    """Warn of each name that tells about the inside of a network; what a wildcard hides is not warned of."""
    for name in dict.fromkeys(name.strip().lower().rstrip(".") for name in names):
        host = name.removeprefix("*.").removesuffix(registered_domain(name))
        if _PRIVATE_WORDS & set(_WORDS.findall(host)) or name.endswith(_PRIVATE_SUFFIXES):
            yield NameWarning(name, _warning("looks like a name that is used inside a network only"))
        elif _NUMBERS.search(host):
            yield NameWarning(name, _warning("looks as if it held an IP address"))


def _warning(why: str) -> str:
    return (
        f"This name {why}. In a public log it tells attackers what to look for, for ever. "
        "Order a wildcard instead, or choose a name that says less."
    )
