"""The tags that several columns share, so that each is worded once."""

from __future__ import annotations

from typing import Any, Final

from api.models.vocabulary import Purpose, Retention
from governance.models import GovernanceTags
from governance.tags import Access, Erasure, NotPersonal, Origin, PersonalData, Retained, tagged

P, R, O = Purpose, Retention, Origin  # noqa: E741 - read once per line below


def held(
    category: str,
    section: str,
    purposes: set[Purpose],
    origin: Origin,
    retention: Retention,
    **more: Any,
) -> dict[str, Any]:
    """Return the `info` of a column with personal data."""
    return tagged(PersonalData(category, section, frozenset(purposes), origin, retention, **more))


def neutral(why: str) -> dict[str, Any]:
    """Return the `info` of a column that tells nothing about anybody."""
    return tagged(NotPersonal(why))


def account_data(category: str, origin: Origin = O.PROVIDED, **more: Any) -> dict[str, Any]:
    """Tag a column of the account (policy 1.1)."""
    return held(category, "1.1", more.pop("purposes", {P.ACCOUNT}), origin, R.ACC, **more)


def credential(category: str = "user.authorization.credentials", **more: Any) -> dict[str, Any]:
    """Tag a stored credential: shown as a state, never as a value."""
    return held(category, "1.1", {P.ACCOUNT, P.SECURITY}, O.DERIVED, R.CRED, access=Access.STATE_ONLY, **more)


def security_data(category: str, **more: Any) -> dict[str, Any]:
    """Tag what is observed to protect the account (policy 1.4)."""
    return held(category, "1.4", {P.SECURITY}, O.OBSERVED, R.SEC, **more)


def session_data(category: str, **more: Any) -> dict[str, Any]:
    """Tag a signed-in session's particulars (policy 1.4)."""
    return held(category, "1.4", {P.SECURITY}, O.OBSERVED, R.CRED, **more)


def domain_data(category: str = "user.contact.url", origin: Origin = O.PROVIDED, **more: Any) -> dict[str, Any]:
    """Tag names, validations and certificates (policy 1.2); whatever their source, their holder may take them along."""
    if origin in (O.THIRD_PARTY, O.DERIVED):
        more.setdefault("portable_because", "it is the holder's own certificate, or the proof of a name of theirs")
    return held(category, "1.2", more.pop("purposes", {P.ISSUANCE, P.MONITORING}), origin, R.DOM, **more)


def order_data(origin: Origin = O.OBSERVED, category: str = "user.contact.url", **more: Any) -> dict[str, Any]:
    """Tag the log of orders (policy 1.2)."""
    return held(category, "1.2", {P.ISSUANCE, P.SUPPORT}, origin, R.JOB, **more)


def agent_data(category: str, origin: Origin = O.OBSERVED, **more: Any) -> dict[str, Any]:
    """Tag what an agent tells of itself and its server (policy 1.2)."""
    return held(category, "1.2", {P.DEPLOYMENT}, origin, R.AGT, **more)


_AUDIT = frozenset({P.ACCOUNTABILITY})
_KEPT = Retained("Art. 17(3)(b): accountability for disclosures and rights", "3 years after the event")
PSEUDONYM: Final = PersonalData("user.unique_id.pseudonymous", "1.4", _AUDIT, O.DERIVED, R.ACC)
EVENT_HEADER: Final = PersonalData(
    "user.unique_id.pseudonymous", "1.4", _AUDIT, O.OBSERVED, R.AUD, Erasure.RETAIN, retained=_KEPT
)
SEALED_PART: Final = PersonalData("user.device.ip_address", "1.4", _AUDIT, O.OBSERVED, R.AUB, sealed=True)
SEALED_PART_OF: Final = PersonalData("user.unique_id.pseudonymous", "1.4", _AUDIT, O.OBSERVED, R.AUB)
GOVERNANCE_TAGS: Final = GovernanceTags(
    pseudonym=PSEUDONYM,
    first_seen=PersonalData("user.account", "1.1", frozenset({P.ACCOUNT}), O.OBSERVED, R.ACC),
    event_header=EVENT_HEADER,
    sealed_part=SEALED_PART,
    sealed_part_of=SEALED_PART_OF,
)
CONTENT_KEY_TAG: Final = PersonalData(
    "user.authorization.credentials", "1.4", frozenset({P.SECURITY}), O.DERIVED, R.CRED, access=Access.STATE_ONLY
)
