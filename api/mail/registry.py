"""Every mail there is, with the tag that decides who may get it (clause 2.3-a) and the values its text needs.

One rule: a template that is not listed is never sent, and a listed one without its text stops the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class MailTag(StrEnum):
    """Why a mail is sent."""

    SERVICE = "service"
    POLICY = "policy"
    RIGHTS = "rights"
    MARKETING = "marketing"
    FEEDBACK = "feedback"


SENT_WITHOUT_CONSENT: Final = frozenset({MailTag.SERVICE, MailTag.POLICY, MailTag.RIGHTS})
"""The others need a consent, or the absence of an objection, that is on record; without one nothing leaves."""


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """One kind of mail. `values` are the names its text may use beside those of every mail."""

    tag: MailTag
    values: frozenset[str] = frozenset()


def _service(*values: str) -> MailTemplate:
    return MailTemplate(MailTag.SERVICE, frozenset(values))


TEMPLATES: Final[Mapping[str, MailTemplate]] = {
    "verify_email": _service("link_token"),
    "account_exists": _service(),
    "reset_password": _service("link_token"),
    "password_changed": _service("at", "api_tokens"),
    "change_email": _service("link_token"),
    "email_change_requested": _service("link_token"),
    "email_changed": _service("at"),
    "new_device_sign_in": _service("at", "address", "device"),
    "api_token_created": _service("at", "name", "scopes"),
    "access_granted": _service("at", "who", "scopes", "categories", "until"),
    "access_invitation": _service("link_token", "holder", "scopes", "until"),
    "sign_in_throttled": _service("at", "until", "address"),
    "certificate_issued": _service("names", "serial_number", "not_after", "issuer_name"),
    "order_failed": _service("names", "advice", "details"),
}
"""The closed list."""
