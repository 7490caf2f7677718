"""What can hold personal data outside of columns: log fields, cookies, and what leaves for recipients (rule X-1).

The lists belong to their rooms; here they become rows of the register.
"""

from __future__ import annotations

from typing import Final

from api.auth.cookies import REGISTRY, CookieRule, CookieType
from api.kit.log_fields import LOG_FIELDS, LogField
from api.models import Purpose, Retention
from governance.register import FieldKind, RegisteredField
from governance.tags import Access, Erasure, Origin, PersonalData

_IN_THE_BROWSER: Final = "held by the person's own browser, which sends it along"
_NO_LINK: Final = "nobody, but by a request id or row id while that row still exists; addresses are networks"
_PURPOSES: Final = {
    CookieType.ESSENTIAL: Purpose.ACCOUNT,
    CookieType.PREFERENCE: Purpose.ACCOUNT,
    CookieType.ANALYTICS: Purpose.ANALYTICS,
    CookieType.SECURITY: Purpose.SECURITY,
}
_CA: Final = "certificate authority"
_TO_THE_AUTHORITY: Final = (
    ("identifiers", "user.contact.url"),
    ("certificate_signing_request", "user.contact.url"),
    ("challenge_responses", "user.contact.url"),
)


def declared_fields() -> tuple[RegisteredField, ...]:
    """Return every such field, for `register_rows`."""
    logged = tuple(_log_field(field) for field in LOG_FIELDS if field.personal)
    cookies = tuple(_cookie(rule) for rule in REGISTRY if not rule.set_by_browser)
    leaving = tuple(_outgoing(name, category) for name, category in _TO_THE_AUTHORITY)
    return (*logged, *cookies, *leaving)


def _log_field(field: LogField) -> RegisteredField:
    tag = PersonalData(
        field.category,
        "1.4",
        frozenset({Purpose.OPERATION}),
        Origin.OBSERVED,
        Retention[field.retention],
        access=Access.EXCLUDED,
        excluded_because="the log has no key by which a person's lines could be found",
    )
    return RegisteredField(FieldKind.LOG_FIELD, field.name, tag, _NO_LINK)


def _cookie(rule: CookieRule) -> RegisteredField:
    tag = PersonalData(
        "user.device.cookie",
        "1.4",
        frozenset({_PURPOSES[rule.type]}),
        Origin.OBSERVED,
        Retention.CRED,
        access=Access.EXCLUDED,
        excluded_because="it is in the person's browser already; the server keeps a hash at most",
    )
    return RegisteredField(FieldKind.COOKIE, rule.name, tag, _IN_THE_BROWSER)


def _outgoing(name: str, category: str) -> RegisteredField:
    tag = PersonalData(
        category,
        "1.2",
        frozenset({Purpose.ISSUANCE}),
        Origin.PROVIDED,
        Retention.JOB,
        Erasure.DELETE,
        recipients=(_CA,),
    )
    return RegisteredField(FieldKind.OUTGOING_FIELD, f"authority.order.{name}", tag, "certificate_order.account_id")
