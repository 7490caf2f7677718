"""Ordering a certificate, and saying that its challenges are in place.

The rule: everything that can be refused is refused before the first byte is stored, and the disclosure to the
authority is on record before anything leaves (`docs/issuance-cycle.md`, steps 1 to 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from api.accounts.idempotency import KeyUse, claim_key
from api.certificates.ca_accounts import is_account_key
from api.certificates.callers import Caller, caller_of, lock_account
from api.certificates.disclosures import DisclosurePurpose, record_disclosure
from api.certificates.errors import (
    CaNoticeNotAcknowledged,
    CtNotAcknowledged,
    DomainNotAdded,
    OrderNotPending,
    TooManyOpenOrders,
    no_agent,
    no_order,
)
from api.certificates.mapping import order_columns
from api.certificates.notices import AUTHORITY, Notice, authority_notice, find_acknowledgement, transparency_notice
from api.db.sessions import announce_due
from api.issuance.authority import CaDescription
from api.issuance.csr import CertificateRequest, read_csr
from api.issuance.errors import CsrRefused
from api.issuance.order import ChallengeType, OrderState, Phase, start_order
from api.models import AcknowledgementRow, AgentId, AgentRow, DomainRow, OrderId, OrderRow
from api.work import Work
from governance.audit.event import EventKind
from governance.ids import new_id


@dataclass(frozen=True, slots=True)
class CertificateOrder:
    """What a caller orders. The names are those of the request; `csr` is PEM."""

    csr: str
    challenge_type: ChallengeType
    ct_acknowledged: bool
    idempotency_key: str
    ct_notice_version: str | None = None
    ca_notice_acknowledged: bool = False
    ca_notice_version: str | None = None
    agent_id: AgentId | None = None


@dataclass(frozen=True, slots=True)
class OrderRules:
    """The authority that orders go to, and how many an account may have open."""

    authority: CaDescription
    open_orders: int = 100


async def order_certificate(work: Work, wanted: CertificateOrder, rules: OrderRules) -> OrderRow:
    """Store the order with its acknowledgements, its disclosure and its records, due at once.

    A repetition under the same idempotency key returns the first order. On any refusal nothing is stored.
    """
    caller = caller_of(work.viewer, "certificates:order")
    request = read_csr(wanted.csr)
    order = start_order(request, wanted.challenge_type, work.clock.now())
    made = OrderId(new_id(work.clock))
    order_id = OrderId(
        await claim_key(work, KeyUse("orderCertificate", wanted.idempotency_key), _fingerprint(wanted, request), made)
    )
    if order_id == made:
        await _check(work, caller, wanted, request, rules)
        await _store(work, caller, _values(work, caller, made, wanted, rules) | order_columns(order))
    return await own_order(work, caller, order_id)


def _fingerprint(wanted: CertificateOrder, request: CertificateRequest) -> dict[str, object]:
    """Return what makes two requests the same; how the PEM is wrapped does not count."""
    return {
        "csr": request.der.hex(),
        "challenge_type": wanted.challenge_type.name,
        "ct_acknowledged": wanted.ct_acknowledged,
        "ct_notice_version": wanted.ct_notice_version,
        "agent_id": str(wanted.agent_id),
    }


async def _check(
    work: Work, caller: Caller, wanted: CertificateOrder, request: CertificateRequest, rules: OrderRules
) -> None:
    _check_transparency(wanted)
    await lock_account(work.session, caller.account_id)
    await _check_open_orders(work, caller, rules.open_orders)
    await _check_domains(work, caller, request.names)
    await _check_agent(work, caller, wanted.agent_id)
    if await is_account_key(work.session, request.public_key_sha256):
        raise CsrRefused("This public key is already in use elsewhere; make a new one.", rule="ca-account-key")
    notice = authority_notice(rules.authority)
    if wanted.ca_notice_version not in {None, notice.version}:
        raise CaNoticeNotAcknowledged(notice.text, notice.version, rule="notice-version")
    if wanted.ca_notice_acknowledged:
        await _acknowledge(work, caller, notice, None)
    elif await find_acknowledgement(work.session, caller.account_id, notice) is None:
        raise CaNoticeNotAcknowledged(notice.text, notice.version)


def _check_transparency(wanted: CertificateOrder) -> None:
    """Refuse an order without the acknowledgement, or of another version than the present one (clause 4.1-d)."""
    notice = transparency_notice()
    if not wanted.ct_acknowledged:
        raise CtNotAcknowledged(notice.text, notice.version)
    if wanted.ct_notice_version not in {None, notice.version}:
        raise CtNotAcknowledged(notice.text, notice.version, rule="notice-version")


async def _check_open_orders(work: Work, caller: Caller, limit: int) -> None:
    open_ones = select(OrderRow.id).where(OrderRow.account_id == caller.account_id, OrderRow.ended_at.is_(None))
    count = select(func.count()).select_from(open_ones.limit(limit).subquery())
    if (await work.session.execute(count)).scalar_one() >= limit:
        raise TooManyOpenOrders(limit)


async def _check_domains(work: Work, caller: Caller, names: Sequence[str]) -> None:
    added = select(DomainRow.name).where(DomainRow.account_id == caller.account_id, DomainRow.name.in_(names))
    found = set((await work.session.execute(added)).scalars())
    missing = [name for name in names if name not in found]
    if missing:
        raise DomainNotAdded(missing)


async def _check_agent(work: Work, caller: Caller, agent_id: AgentId | None) -> None:
    """Let an agent order for itself alone, the holder for any agent of the account."""
    if agent_id is None:
        return
    if work.viewer.agent_id not in {None, agent_id}:
        raise no_agent()
    own = select(AgentRow.id).where(AgentRow.id == agent_id, AgentRow.account_id == caller.account_id)
    if (await work.session.execute(own)).scalar_one_or_none() is None:
        raise no_agent()


async def _acknowledge(work: Work, caller: Caller, notice: Notice, order_id: OrderId | None) -> None:
    """Store that the notice was shown and acknowledged: per order, or once in each version (clauses 4.1-c, 4.1-d)."""
    values = {
        "id": new_id(work.clock),
        "account_id": caller.account_id,
        "order_id": order_id,
        "kind": notice.kind,
        "version": notice.version,
        "at": work.clock.now(),
    }
    statement = upsert(AcknowledgementRow).values(values)
    if notice.kind == AUTHORITY:
        statement = statement.on_conflict_do_nothing()
    await work.session.execute(statement)


def _values(
    work: Work, caller: Caller, order_id: OrderId, wanted: CertificateOrder, rules: OrderRules
) -> dict[str, Any]:
    """Return the columns that are not the order machine's."""
    return {
        "id": order_id,
        "account_id": caller.account_id,
        "agent_id": wanted.agent_id or work.viewer.agent_id,
        "authority": rules.authority.name,
        "next_action_at": work.clock.now(),
        "generation": 0,
    }


async def _store(work: Work, caller: Caller, values: dict[str, Any]) -> None:
    row, order_id = OrderRow, values["id"]
    await work.session.execute(insert(row).values(values))
    await _acknowledge(work, caller, transparency_notice(), order_id)
    await record_disclosure(
        work, caller, values["authority"], DisclosurePurpose.ISSUANCE, values["names"], order_id=order_id
    )
    await work.record(
        EventKind.CHANGE,
        "orderCertificate",
        row.names,
        row.csr,
        row.challenge_type,
        AcknowledgementRow.version,
        about=[caller.person],
        clauses=["4.1-a", "4.1-c", "4.1-d"],
        rows={"Order": 1},
    )
    await announce_due(work.session, row.__tablename__)


async def own_order(work: Work, caller: Caller, order_id: UUID, *, lock: bool = False) -> OrderRow:
    """Return an order of the caller's account; raise `NotFound` for a missing one and somebody else's alike."""
    found = select(OrderRow).where(OrderRow.id == order_id, OrderRow.account_id == caller.account_id)
    if lock:
        found = found.with_for_update(key_share=True)
    row = (await work.session.execute(found.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise no_order()
    return row


async def confirm_challenges(work: Work, order_id: OrderId) -> OrderRow:
    """Start validation: the holder says that every value is in its place. Saying it twice changes nothing more."""
    caller = caller_of(work.viewer, "certificates:order")
    row = await own_order(work, caller, order_id, lock=True)
    if row.placed_at is not None and row.ended_at is None:
        return row
    if row.phase != Phase.AWAITING_PLACEMENT:
        raise OrderNotPending(ended=row.ended_at is not None)
    now = work.clock.now()
    placed = {"placed_at": now, "resume_at": now, "next_action_at": now, "state": OrderState.VALIDATING.value}
    await work.session.execute(update(OrderRow).where(OrderRow.id == order_id).values(placed))
    await work.record(
        EventKind.CHANGE, "confirmChallenges", OrderRow.placed_at, about=[caller.person], rows={"Order": 1}
    )
    await announce_due(work.session, OrderRow.__tablename__)
    return await own_order(work, caller, order_id)
