"""Orders with their authorizations and challenges, and the certificates that come of them (policy 1.2).

An order's rows hold all that is needed to go on by its URLs after the process died at any step. `generation` is the
fencing token: whoever stores a result checks it in the same transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, AgentId, Base, CertificateId, OrderId
from api.models.tags import O, domain_data, neutral, order_data
from api.models.vocabulary import Purpose
from governance.tags import Through

PUBLIC_STATES = "('REQUESTED', 'PENDING', 'VALIDATING', 'FINALIZING', 'VALID', 'INVALID')"
CHALLENGE_TYPES = "('HTTP_01', 'DNS_01')"
REASONS = "('UNSPECIFIED', 'KEY_COMPROMISE', 'SUPERSEDED', 'CESSATION_OF_OPERATION')"

PROBLEM_KEYS: Final = frozenset({"type", "status", "detail", "instance", "subproblems", "retry_at"})
SUBPROBLEM_KEYS: Final = frozenset({"type", "detail", "identifier"})
"""All that a problem document may hold here (RFC 7807, RFC 8555 section 6.7.1); every key has the column's tag."""


def _problem() -> Any:
    keys = {"json_keys": PROBLEM_KEYS, "json_keys_below": {"subproblems": SUBPROBLEM_KEYS}}
    return mapped_column(JSONB(none_as_null=True), info=order_data(O.THIRD_PARTY) | keys)


class OrderRow(Base):
    """An RFC 8555 order. `phase` is the fine state of the machine, `state` the one people see.

    `resume_at` is when the order itself goes on; `next_action_at` is when a worker looks at it, which is later while
    another worker holds it.
    """

    __tablename__ = "certificate_order"
    __table_args__ = (
        Index("ix_certificate_order_account_id", "account_id", "id"),
        Index("ix_certificate_order_open", "account_id", postgresql_where="ended_at is null"),
        Index("ix_certificate_order_agent_id", "agent_id", postgresql_where="agent_id is not null"),
        Index("ix_certificate_order_due", "next_action_at", postgresql_where="next_action_at is not null"),
        CheckConstraint(f"state in {PUBLIC_STATES}", name="state"),
        CheckConstraint(f"challenge_type in {CHALLENGE_TYPES}", name="challenge_type"),
        {"info": {"data_subject": Through("account_id")}},
    )

    id: Mapped[OrderId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    agent_id: Mapped[AgentId | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    authority: Mapped[str] = mapped_column(String(64), info=order_data(O.DERIVED))
    ca_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("ca_account.id"))
    names: Mapped[list[str]] = mapped_column(ARRAY(String(253)), info=order_data(O.PROVIDED))
    csr: Mapped[bytes] = mapped_column(LargeBinary, info=domain_data(purposes={Purpose.ISSUANCE}))
    csr_key_sha256: Mapped[str] = mapped_column(String(64), info=order_data(O.DERIVED))
    challenge_type: Mapped[str] = mapped_column(String(8), info=order_data(O.PROVIDED))
    phase: Mapped[str] = mapped_column(String(32), info=order_data())
    phase_since: Mapped[datetime | None] = mapped_column(info=order_data())
    state: Mapped[str] = mapped_column(String(16), info=order_data())
    placed_at: Mapped[datetime | None] = mapped_column(info=order_data())
    order_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    finalize_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    certificate_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    profile: Mapped[str | None] = mapped_column(String(64), info=order_data(O.PROVIDED))
    replaces: Mapped[str | None] = mapped_column(String(128), info=order_data(O.DERIVED))
    attempts: Mapped[int] = mapped_column(Integer, info=order_data())
    polls: Mapped[int] = mapped_column(Integer, info=order_data())
    setback: Mapped[bool] = mapped_column(info=order_data())
    problem: Mapped[dict[str, Any] | None] = _problem()
    created_at: Mapped[datetime] = mapped_column(info=order_data())
    expires_at: Mapped[datetime | None] = mapped_column(info=order_data(O.THIRD_PARTY))
    ended_at: Mapped[datetime | None] = mapped_column(info=order_data())
    resume_at: Mapped[datetime | None] = mapped_column(info=order_data())
    next_action_at: Mapped[datetime | None] = mapped_column(info=order_data())
    generation: Mapped[int] = mapped_column(Integer, info=neutral("a fencing token for workers"))
    certificate_id: Mapped[CertificateId | None] = mapped_column(
        ForeignKey("certificate.id", ondelete="SET NULL"), index=True
    )


class AuthorizationRow(Base):
    """An RFC 8555 authorization of an order. `name` is as ordered, with `*.` for a wildcard; None until fetched."""

    __tablename__ = "order_authorization"
    __table_args__ = (Index("ix_order_authorization_url", "url", postgresql_using="hash"),)

    order_id: Mapped[OrderId] = mapped_column(ForeignKey("certificate_order.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, info=neutral("place in the list"))
    url: Mapped[str] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    name: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    wildcard: Mapped[bool] = mapped_column(info=order_data(O.THIRD_PARTY))
    status: Mapped[str] = mapped_column(String(64), info=order_data(O.THIRD_PARTY))
    expires_at: Mapped[datetime | None] = mapped_column(info=order_data(O.THIRD_PARTY))


class ChallengeRow(Base):
    """One way to prove a name, with the exact values to place (RFC 8555 section 8); the other type's are None."""

    __tablename__ = "order_challenge"
    __table_args__ = (CheckConstraint(f"type in {CHALLENGE_TYPES}", name="type"),)

    order_id: Mapped[OrderId] = mapped_column(ForeignKey("certificate_order.id", ondelete="CASCADE"), primary_key=True)
    authorization_position: Mapped[int] = mapped_column(Integer, primary_key=True, info=neutral("place in the list"))
    position: Mapped[int] = mapped_column(Integer, primary_key=True, info=neutral("place in the list"))
    type: Mapped[str] = mapped_column(String(8), info=order_data(O.THIRD_PARTY))
    url: Mapped[str] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    challenge_token: Mapped[str] = mapped_column(String(256), info=order_data(O.THIRD_PARTY))
    status: Mapped[str] = mapped_column(String(64), info=order_data(O.THIRD_PARTY))
    validated_at: Mapped[datetime | None] = mapped_column(info=order_data(O.THIRD_PARTY))
    responses: Mapped[int] = mapped_column(Integer, info=order_data())
    confirmed: Mapped[bool] = mapped_column(info=order_data())
    http_path: Mapped[str | None] = mapped_column(Text, info=order_data(O.DERIVED))
    http_content: Mapped[str | None] = mapped_column(Text, info=order_data(O.DERIVED))
    dns_name: Mapped[str | None] = mapped_column(Text, info=order_data(O.DERIVED))
    dns_value: Mapped[str | None] = mapped_column(Text, info=order_data(O.DERIVED))
    problem: Mapped[dict[str, Any] | None] = _problem()


class CertificateRow(Base):
    """An issued certificate with its chain; its private key was never here."""

    __tablename__ = "certificate"
    __table_args__ = (
        Index("ix_certificate_account_id", "account_id", "id"),
        CheckConstraint("serial_number ~ '^[0-9a-f]+$'", name="serial_number"),
        CheckConstraint("fingerprint_sha256 ~ '^[0-9a-f]{64}$'", name="fingerprint_sha256"),
        {"info": {"data_subject": Through("account_id")}},
    )

    id: Mapped[CertificateId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    authority: Mapped[str] = mapped_column(String(64), info=domain_data("user.account", O.DERIVED))
    ca_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("ca_account.id"))
    names: Mapped[list[str]] = mapped_column(ARRAY(String(253)), info=domain_data(origin=O.THIRD_PARTY))
    serial_number: Mapped[str] = mapped_column(Text, info=domain_data("user.unique_id", O.THIRD_PARTY))
    fingerprint_sha256: Mapped[str] = mapped_column(
        String(64), unique=True, info=domain_data("user.unique_id", O.DERIVED)
    )
    public_key_sha256: Mapped[str] = mapped_column(String(64), info=domain_data("user.unique_id", O.DERIVED))
    issuer_name: Mapped[str] = mapped_column(Text, info=domain_data("user.account", O.THIRD_PARTY))
    not_before: Mapped[datetime] = mapped_column(info=domain_data("user.account", O.THIRD_PARTY))
    not_after: Mapped[datetime] = mapped_column(info=domain_data("user.account", O.THIRD_PARTY))
    chain_pem: Mapped[str] = mapped_column(Text, info=domain_data(origin=O.THIRD_PARTY))
    created_at: Mapped[datetime] = mapped_column(info=domain_data("user.account", O.OBSERVED))
    revoked_at: Mapped[datetime | None] = mapped_column(info=domain_data("user.account", O.OBSERVED))
    revocation_reason: Mapped[str | None] = mapped_column(String(32), info=domain_data("user.account", O.PROVIDED))


class CertificateNameRow(Base):
    """One name of a certificate, by which certificates are found; the database writes these rows with the certificate.

    The key is the order in which they are read: the newest certificate of a name of an account is its last entry.
    """

    __tablename__ = "certificate_name"
    __table_args__ = (
        Index("ix_certificate_name_certificate_id", "certificate_id"),
        {"info": {"data_subject": Through("account_id")}},
    )

    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(
        String(253, collation="C"), primary_key=True, info=domain_data(origin=O.THIRD_PARTY)
    )
    certificate_id: Mapped[CertificateId] = mapped_column(
        ForeignKey("certificate.id", ondelete="CASCADE"), primary_key=True
    )


class RevocationRow(Base):
    """That a certificate is to be revoked, from the holder's word until the authority's: it survives every crash."""

    __tablename__ = "revocation"
    __table_args__ = (
        Index("ix_revocation_due", "next_action_at", postgresql_where="next_action_at is not null"),
        CheckConstraint(f"reason in {REASONS}", name="reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[CertificateId] = mapped_column(ForeignKey("certificate.id", ondelete="CASCADE"), unique=True)
    reason: Mapped[str] = mapped_column(String(32), info=order_data(O.PROVIDED, "user.account"))
    requested_at: Mapped[datetime] = mapped_column(info=order_data(category="user.account"))
    attempts: Mapped[int] = mapped_column(Integer, info=order_data(category="user.account"))
    problem: Mapped[dict[str, Any] | None] = _problem()
    ended_at: Mapped[datetime | None] = mapped_column(info=order_data(category="user.account"))
    next_action_at: Mapped[datetime | None] = mapped_column(info=order_data(category="user.account"))
    generation: Mapped[int] = mapped_column(Integer, info=neutral("a fencing token for workers"))
