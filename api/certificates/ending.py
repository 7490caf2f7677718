"""How an order ends: certificate, validations, record and mail, or the authority's problem, all in one transaction.

The rule: the end is stored once, under the claim; a holder is told in the transaction that makes it true.
"""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from api.certificates.callers import Holder, holder_of
from api.certificates.mapping import certificate_columns
from api.certificates.store import CERTIFICATES, ClaimLost, HeldOrder, save_order
from api.issuance.advice import advice
from api.issuance.chain import IssuedCertificate
from api.issuance.order import Authorization, Order
from api.issuance.problems import Problem
from api.mail.outbox import queue_mail
from api.models import CertificateId, CertificateRow, DomainRow, DomainValidationRow, OrderRow
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id

_LISTED: Final = 20
_DOMAINS: Final = DomainRow.__table__
_DOMAINS_NAMED: Final = select(_DOMAINS.c.id, _DOMAINS.c.name).where(
    _DOMAINS.c.account_id == bindparam("account"), _DOMAINS.c.name.in_(bindparam("names", expanding=True))
)
_VALIDATED: Final = insert(cast("Table", DomainValidationRow.__table__))
_ADD: Final = (
    upsert(CERTIFICATES)
    .on_conflict_do_nothing(index_elements=[CERTIFICATES.c.fingerprint_sha256])
    .returning(CERTIFICATES.c.id)
)


async def store_end(work: Work, held: HeldOrder, order: Order, *, account_thumbprint: str) -> HeldOrder:
    """Store a final order with all that follows from it; raise `ClaimLost` when it is not ours any more."""
    holder = await holder_of(work.session, held.account_id)
    if holder is None:
        raise ClaimLost
    certificate_id = await _store_certificate(work, held, order.certificate, order) if order.certificate else None
    ended = await save_order(
        work.session,
        held,
        order,
        account_thumbprint=account_thumbprint,
        hold_until=None,
        certificate_id=certificate_id,
        ended_at=work.clock.now(),
    )
    if order.certificate is None:
        await _tell_failure(work, holder, order)
    else:
        await _store_validations(work, held, order)
        await _tell_issued(work, holder, order.certificate)
    return ended


async def _store_certificate(
    work: Work, held: HeldOrder, certificate: IssuedCertificate, order: Order
) -> CertificateId:
    """Insert the certificate, or find it: two orders of the same request may get the same one."""
    values = certificate_columns(certificate, order.public_key_sha256) | {
        "id": new_id(work.clock),
        "account_id": held.account_id,
        "authority": held.authority,
        "ca_account_id": held.ca_account_id,
        "created_at": work.clock.now(),
    }
    added: CertificateId | None = (await work.session.execute(_ADD, values)).scalar_one_or_none()
    if added is not None:
        return added
    same = select(CERTIFICATES.c.id).where(
        CERTIFICATES.c.fingerprint_sha256 == certificate.fingerprint_sha256,
        CERTIFICATES.c.account_id == held.account_id,
    )
    return CertificateId((await work.session.execute(same)).scalar_one())


async def _store_validations(work: Work, held: HeldOrder, order: Order) -> None:
    """Note for each domain who proved it, how and until when; a proof made by an earlier order is noted already."""
    proofs = {one.name: proof for one in order.authorizations if (proof := _proof(held, order, one)) is not None}
    if not proofs:
        return
    found = await work.session.execute(_DOMAINS_NAMED, {"account": held.account_id, "names": list(proofs)})
    rows = [{"id": new_id(work.clock), "domain_id": domain_id, **proofs[name]} for domain_id, name in found]
    for values in rows:
        values["validated_at"] = values["validated_at"] or work.clock.now()
    if rows:
        await work.session.execute(_VALIDATED, rows)


def _proof(held: HeldOrder, order: Order, one: Authorization) -> dict[str, Any] | None:
    challenge = one.challenge(order.challenge_type)
    if one.status != "valid" or challenge is None or not challenge.responses:
        return None
    return {
        "authority": held.authority,
        "method": challenge.type.value,
        "validated_at": challenge.validated_at,
        "valid_until": one.expires_at,
    }


async def _tell_issued(work: Work, holder: Holder, certificate: IssuedCertificate) -> None:
    row = CertificateRow
    await work.record(
        EventKind.CHANGE,
        "certificateIssued",
        row.names,
        row.serial_number,
        row.fingerprint_sha256,
        row.chain_pem,
        OrderRow.state,
        about=[holder.person],
        clauses=["4.1-d"],
        rows={"Certificate": 1, "Order": 1},
    )
    if not holder.notify_installation:
        return
    values = {
        "names": listed(certificate.names),
        "serial_number": certificate.serial_number,
        "issuer_name": certificate.issuer_name,
        "not_after": f"{certificate.not_after:%Y-%m-%d %H:%M} UTC",
    }
    await _mail(work, holder, "certificate_issued", values)


async def _tell_failure(work: Work, holder: Holder, order: Order) -> None:
    row = OrderRow
    await work.record(
        EventKind.CHANGE,
        "orderFailed",
        row.state,
        row.problem,
        about=[holder.person],
        clauses=["2.3-a"],
        rows={"Order": 1},
    )
    if not holder.notify_failure or order.problem is None:
        return
    values = {
        "names": listed(order.names),
        "advice": advice(order.problem),
        "details": "\n".join(_detail_lines(order.problem)),
    }
    await _mail(work, holder, "order_failed", values)


async def _mail(work: Work, holder: Holder, template: str, values: dict[str, str]) -> None:
    await queue_mail(work, holder.person, template, recipient=holder.email, language=holder.language, values=values)


def listed(names: tuple[str, ...]) -> str:
    """Return names for a sentence, the first of many."""
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _detail_lines(problem: Problem) -> list[str]:
    """Return the authority's own words, one line for each name; they are bounded and printable already."""
    lines = [f"{each.identifier or 'the order'}: {each.detail or each.type}" for each in problem.subproblems]
    return lines[:_LISTED] or [problem.detail or problem.type]
