"""What leaves for an authority, written before it is sent (clause 4.1-b, X-5): which fields, which names, what for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from sqlalchemy import insert

from api.certificates.callers import Caller
from api.models import CertificateId, DisclosureRow, OrderId
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id


class DisclosurePurpose(StrEnum):
    """Why something is sent to an authority."""

    ISSUANCE = "issuance"
    REVOCATION = "revocation"


SENT: Final[dict[DisclosurePurpose, tuple[str, ...]]] = {
    DisclosurePurpose.ISSUANCE: ("identifiers", "challenge_responses", "certificate_signing_request"),
    DisclosurePurpose.REVOCATION: ("certificate", "revocation_reason"),
}
"""Every field that leaves for an authority; its protocol has others (`contact` above all), which are never filled."""


async def record_disclosure(
    work: Work,
    about: Caller,
    recipient: str,
    purpose: DisclosurePurpose,
    names: Sequence[str],
    *,
    order_id: OrderId | None = None,
    certificate_id: CertificateId | None = None,
) -> None:
    """Store the record and its audit event in the transaction after which the sending begins."""
    row = DisclosureRow
    values = {
        "id": new_id(work.clock),
        "account_id": about.account_id,
        "order_id": order_id,
        "certificate_id": certificate_id,
        "recipient": recipient,
        "fields": list(SENT[purpose]),
        "names": list(names),
        "purpose": purpose.value,
        "at": work.clock.now(),
    }
    await work.session.execute(insert(row).values(values))
    await work.record(
        EventKind.RECIPIENT,
        "discloseToAuthority",
        row.recipient,
        row.fields,
        row.names,
        row.purpose,
        about=[about.person],
        clauses=["4.1-b", "X-5"],
        rows={"Disclosure": 1},
        sealed={about.person: {"recipient": recipient, "fields": list(SENT[purpose]), "names": list(names)}},
    )
