"""Revoking a certificate (RFC 8555 section 7.6), so that a holder's word is never lost.

The rule: the intent is a row, committed with its disclosure before the authority is asked. The caller waits for the
answer; if this process dies meanwhile, the row comes due and a worker asks again: "already revoked" is success.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from api.accounts.idempotency import KeyUse, claim_key
from api.certificates.authorities import Authorities
from api.certificates.ca_accounts import CaAccounts
from api.certificates.callers import Caller, caller_of, holder_of
from api.certificates.disclosures import DisclosurePurpose, record_disclosure
from api.certificates.errors import RevocationPending, no_certificate
from api.certificates.mapping import leaf_der, problem_document
from api.certificates.store import LEASE
from api.db.sessions import announce_due
from api.issuance.acme import is_retryable
from api.issuance.authority import RevocationReason
from api.issuance.errors import IssuanceError
from api.issuance.problems import Problem, own_problem
from api.models import AccountId, CertificateId, CertificateRow, OrderRow, RevocationRow
from api.viewer import JOB, Viewer
from api.work import Work, Works
from governance.audit.event import EventKind, Outcome
from governance.ids import new_id

FIRST_RETRY: Final = timedelta(seconds=10)
LONGEST_RETRY: Final = timedelta(hours=1)
_DOUBLINGS: Final = 10
_log = structlog.get_logger("api.certificates")


@dataclass(frozen=True, slots=True)
class _Claim:
    """A revocation this process carries out; `generation` is the fencing token."""

    id: UUID
    generation: int


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What is needed to ask the authority, read under the claim."""

    account_id: AccountId
    certificate_id: CertificateId
    authority: str
    der: bytes
    not_after: datetime
    reason: RevocationReason
    attempts: int


class Revoker:
    """Revokes at once for a caller, and again for the due-scanner when the first try was lost or put off."""

    def __init__(
        self, works: Works, authorities: Authorities, accounts: CaAccounts, *, lease: timedelta = LEASE
    ) -> None:
        self._works = works
        self._authorities = authorities
        self._accounts = accounts
        self._lease = lease

    async def revoke(
        self, viewer: Viewer, certificate_id: CertificateId, reason: RevocationReason, idempotency_key: str
    ) -> CertificateRow:
        """Revoke for good and return the certificate; one that was revoked before is returned as it is.

        Raise `RevocationPending` when the authority does not answer: it is asked again without the caller. Raise
        another `IssuanceError` when it refuses: then the certificate is not revoked. Opens its own transactions.
        """
        async with self._works.open(viewer) as work:
            caller = caller_of(viewer, "certificates:revoke")
            row = await _own_certificate(work, caller, certificate_id)
            request = {"certificate_id": str(certificate_id), "reason": reason.name}
            await claim_key(work, KeyUse("revokeCertificate", idempotency_key), request, certificate_id)
            claim = None if row.revoked_at is not None else await self._intend(work, caller, row, reason)
        if claim is not None:
            await self._ask(claim)
        async with self._works.sessions.read() as session:
            return (await session.execute(select(CertificateRow).where(CertificateRow.id == row.id))).scalar_one()

    async def advance(self, revocation_id: UUID, generation: int) -> None:
        """Ask again for a revocation that came due; for the due-scanner."""
        try:
            await self._ask(_Claim(revocation_id, generation))
        except IssuanceError as error:
            _log.info("revocation_not_confirmed", row_id=revocation_id, code=error.code, retry_at=error.retry_at)

    async def _intend(self, work: Work, caller: Caller, row: CertificateRow, reason: RevocationReason) -> _Claim:
        """Store the intent, or take over the one that stands; its first reason stays while it is not ended."""
        table = RevocationRow
        now = work.clock.now()
        statement = upsert(table).values(
            id=new_id(work.clock),
            certificate_id=row.id,
            reason=reason.name,
            requested_at=now,
            attempts=0,
            next_action_at=now + self._lease,
            generation=0,
        )
        statement = statement.on_conflict_do_update(
            index_elements=[table.certificate_id],
            set_={
                "reason": case((table.ended_at.is_(None), table.reason), else_=statement.excluded.reason),
                "next_action_at": now + self._lease,
                "generation": table.generation + 1,
                "ended_at": None,
            },
        )
        found = await work.session.execute(statement.returning(table.id, table.generation))
        claim = _Claim(*found.one())
        order_id = select(OrderRow.id).where(OrderRow.certificate_id == row.id).limit(1)
        await record_disclosure(
            work,
            caller,
            row.authority,
            DisclosurePurpose.REVOCATION,
            row.names,
            order_id=(await work.session.execute(order_id)).scalar_one_or_none(),
            certificate_id=row.id,
        )
        await work.record(
            EventKind.CHANGE, "revokeCertificate", table.reason, about=[caller.person], rows={"Certificate": 1}
        )
        await announce_due(work.session, table.__tablename__)
        return claim

    async def _ask(self, claim: _Claim) -> None:
        claimed = await self._read(claim)
        if claimed is None:
            return
        try:
            await self._send(claimed)
        except IssuanceError as error:
            problem = error.problem or own_problem("unreachable", "The authority did not answer.")
            if problem.name != "alreadyRevoked":
                await self._store_failure(claim, claimed, problem)
                return
        await self._store_success(claim, claimed)

    async def _read(self, claim: _Claim) -> _Claimed | None:
        table, leaf = RevocationRow, CertificateRow
        columns = (
            leaf.account_id,
            leaf.id,
            leaf.authority,
            leaf.chain_pem,
            leaf.not_after,
            table.reason,
            table.attempts,
        )
        statement = select(*columns).join(leaf, leaf.id == table.certificate_id)
        statement = statement.where(
            table.id == claim.id, table.generation == claim.generation, table.ended_at.is_(None)
        )
        async with self._works.sessions.read() as session:
            row = (await session.execute(statement)).one_or_none()
        if row is None:
            return None
        account_id, certificate_id, authority, chain_pem, not_after, reason, attempts = row
        der = leaf_der(chain_pem)
        return _Claimed(account_id, certificate_id, authority, der, not_after, RevocationReason[reason], attempts)

    async def _send(self, claimed: _Claimed) -> None:
        authority = self._authorities.named(claimed.authority)
        if authority is None:
            problem = own_problem("unreachable", "The authority of this certificate is not configured any more.")
            raise IssuanceError.of(problem)
        known = await self._accounts.account_at(authority)
        await authority.revoke(claimed.der, claimed.reason, known.account)

    async def _store_success(self, claim: _Claim, claimed: _Claimed) -> None:
        now = self._works.clock.now()
        leaf = CertificateRow
        async with self._works.open(JOB) as work:
            # The certificate before its revocation, as `revoke` locks them; the other way round two would deadlock.
            own = select(leaf.id).where(leaf.id == claimed.certificate_id)
            await work.session.execute(own.with_for_update(key_share=True))
            if not await _end(work, claim, ended_at=now, next_action_at=None, problem=None):
                return
            revoked = {"revoked_at": now, "revocation_reason": claimed.reason.name}
            await work.session.execute(
                update(leaf).where(leaf.id == claimed.certificate_id, leaf.revoked_at.is_(None)).values(revoked)
            )
            await _record(work, claimed, "certificateRevoked", Outcome.ALLOWED)

    async def _store_failure(self, claim: _Claim, claimed: _Claimed, problem: Problem) -> None:
        """Put the revocation off, or end it when the authority will never do it; raise what the caller should know."""
        now = self._works.clock.now()
        again = now + min(FIRST_RETRY * (1 << min(claimed.attempts, _DOUBLINGS)), LONGEST_RETRY)
        again = max(again, min(problem.retry_at or now, now + timedelta(days=1)))
        goes_on = is_retryable(problem) and again < claimed.not_after
        values = {"attempts": claimed.attempts + 1, "problem": problem_document(problem)}
        async with self._works.open(JOB) as work:
            ended = {"next_action_at": again} if goes_on else {"next_action_at": None, "ended_at": now}
            if await _end(work, claim, **values, **ended) and not goes_on:
                await _record(work, claimed, "revocationRefused", Outcome.FAILED)
            await announce_due(work.session, RevocationRow.__tablename__)
        raise RevocationPending(problem.until(again)) if goes_on else IssuanceError.of(problem)


async def _own_certificate(work: Work, caller: Caller, certificate_id: CertificateId) -> CertificateRow:
    leaf = CertificateRow
    own = select(leaf).where(leaf.id == certificate_id, leaf.account_id == caller.account_id)
    row = (await work.session.execute(own.with_for_update(key_share=True))).scalar_one_or_none()
    if row is None:
        raise no_certificate()
    return row


async def _end(work: Work, claim: _Claim, **values: object) -> bool:
    """Store the outcome under the claim; False when somebody else took it over."""
    table = RevocationRow
    held = update(table).where(table.id == claim.id, table.generation == claim.generation).values(values)
    return (await work.session.execute(held.returning(table.id))).one_or_none() is not None


async def _record(work: Work, claimed: _Claimed, operation: str, outcome: Outcome) -> None:
    holder = await holder_of(work.session, claimed.account_id)
    if holder is not None:
        leaf = CertificateRow
        await work.record(
            EventKind.CHANGE,
            operation,
            leaf.revoked_at,
            leaf.revocation_reason,
            about=[holder.person],
            rows={"Certificate": 1},
            outcome=outcome,
        )
