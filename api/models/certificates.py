"""Orders, their authorizations and challenges, certificates, and what was disclosed to the CA (policy 1.2, 4.1).

An order's row holds all that is needed to go on by its URLs after the process died at any step. `generation` is the
fencing token: whoever stores a result checks it in the same transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, AgentId, Base, CertificateId, OrderId
from api.models.tags import O, domain_data, held, neutral, order_data
from api.models.vocabulary import Purpose, Retention
from governance.tags import Through

PUBLIC_STATES = "('REQUESTED', 'PENDING', 'VALIDATING', 'FINALIZING', 'VALID', 'INVALID')"


class OrderRow(Base):
    """An RFC 8555 order. `phase` is the fine state of the machine, `state` the one people see."""

    __tablename__ = "certificate_order"
    __table_args__ = (
        Index("ix_certificate_order_account_id", "account_id", "id"),
        Index(
            "ix_certificate_order_due",
            "next_action_at",
            postgresql_where="next_action_at is not null",
        ),
        CheckConstraint(f"state in {PUBLIC_STATES}", name="state"),
        CheckConstraint("challenge_type in ('HTTP_01', 'DNS_01')", name="challenge_type"),
        {"info": {"data_subject": Through("account_id")}},
    )

    id: Mapped[OrderId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    agent_id: Mapped[AgentId | None] = mapped_column(ForeignKey("agent.id", ondelete="SET NULL"))
    authority: Mapped[str] = mapped_column(String(64), info=order_data(O.DERIVED))
    ca_account_id: Mapped[UUID | None] = mapped_column(ForeignKey("ca_account.id"))
    names: Mapped[list[str]] = mapped_column(ARRAY(String(253)), info=order_data(O.PROVIDED))
    csr: Mapped[bytes] = mapped_column(LargeBinary, info=order_data(O.PROVIDED))
    csr_key_sha256: Mapped[str] = mapped_column(String(64), info=order_data(O.DERIVED))
    challenge_type: Mapped[str] = mapped_column(String(8), info=order_data(O.PROVIDED))
    phase: Mapped[str] = mapped_column(String(32), info=order_data())
    state: Mapped[str] = mapped_column(String(16), info=order_data())
    placed_at: Mapped[datetime | None] = mapped_column(info=order_data())
    order_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    finalize_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    certificate_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    profile: Mapped[str | None] = mapped_column(String(64), info=order_data(O.PROVIDED))
    replaces: Mapped[str | None] = mapped_column(String(128), info=order_data(O.DERIVED))
    attempts: Mapped[int] = mapped_column(Integer, info=order_data())
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB, info=order_data(O.THIRD_PARTY))
    created_at: Mapped[datetime] = mapped_column(info=order_data())
    expires_at: Mapped[datetime | None] = mapped_column(info=order_data(O.THIRD_PARTY))
    ended_at: Mapped[datetime | None] = mapped_column(info=order_data())
    next_action_at: Mapped[datetime | None] = mapped_column(info=order_data())
    generation: Mapped[int] = mapped_column(Integer, info=neutral("a fencing token for workers"))
    certificate_id: Mapped[CertificateId | None] = mapped_column(
        ForeignKey("certificate.id", ondelete="SET NULL"), unique=True
    )


class AuthorizationRow(Base):
    """An RFC 8555 authorization of an order, with the challenge of the chosen type and the values to place."""

    __tablename__ = "order_authorization"
    order_id: Mapped[OrderId] = mapped_column(ForeignKey("certificate_order.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, info=neutral("place in the list"))
    url: Mapped[str] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    name: Mapped[str | None] = mapped_column(String(253), info=order_data(O.THIRD_PARTY))
    wildcard: Mapped[bool] = mapped_column(info=order_data(O.THIRD_PARTY))
    status: Mapped[str] = mapped_column(String(16), info=order_data(O.THIRD_PARTY))
    expires_at: Mapped[datetime | None] = mapped_column(info=order_data(O.THIRD_PARTY))
    challenge_url: Mapped[str | None] = mapped_column(Text, info=order_data(O.THIRD_PARTY))
    challenge_status: Mapped[str | None] = mapped_column(String(16), info=order_data(O.THIRD_PARTY))
    challenge_token: Mapped[str | None] = mapped_column(String(256), info=order_data(O.THIRD_PARTY))
    key_authorization: Mapped[str | None] = mapped_column(String(512), info=order_data(O.DERIVED))
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB, info=order_data(O.THIRD_PARTY))


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
    serial_number: Mapped[str] = mapped_column(String(64), info=domain_data("user.unique_id", O.THIRD_PARTY))
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


class CaAccountRow(Base):
    """The platform's account at a CA (RFC 8555 section 7.1.2). Its key is the operator's, sealed by the platform."""

    __tablename__ = "ca_account"
    __table_args__ = (UniqueConstraint("authority", "directory_url"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    authority: Mapped[str] = mapped_column(String(64), info=neutral("the name of a certificate authority"))
    directory_url: Mapped[str] = mapped_column(Text, info=neutral("the address of a certificate authority"))
    account_url: Mapped[str | None] = mapped_column(Text, info=neutral("the operator's account at the CA"))
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary, info=neutral("the operator's key, sealed"))
    key_epoch: Mapped[int] = mapped_column(Integer, info=neutral("number of a key-encryption key"))
    created_at: Mapped[datetime] = mapped_column(info=neutral("when the operator's account was made"))


def _accountability(category: str) -> dict[str, Any]:
    return held(category, "1.2", {Purpose.ACCOUNTABILITY}, O.OBSERVED, Retention.JOB)


class DisclosureRow(Base):
    """What left for a recipient, when, and why (clause 4.1-b, Art. 15(1)(c)). Written before it is sent."""

    __tablename__ = "disclosure"
    __table_args__ = (Index("ix_disclosure_order_id", "order_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(ForeignKey("certificate_order.id", ondelete="CASCADE"))
    recipient: Mapped[str] = mapped_column(String(64), info=_accountability("user.account"))
    fields: Mapped[list[str]] = mapped_column(ARRAY(String(64)), info=_accountability("user.account"))
    names: Mapped[list[str]] = mapped_column(ARRAY(String(253)), info=_accountability("user.contact.url"))
    purpose: Mapped[str] = mapped_column(String(32), info=_accountability("user.account"))
    at: Mapped[datetime] = mapped_column(info=_accountability("user.account"))


class AcknowledgementRow(Base):
    """That a holder was shown a notice in a version and acknowledged it (clauses 4.1-c, 4.1-d)."""

    __tablename__ = "acknowledgement"
    __table_args__ = (
        Index("ix_acknowledgement_account_id", "account_id", "kind", "version"),
        {"info": {"data_subject": Through("account_id")}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    order_id: Mapped[OrderId | None] = mapped_column(ForeignKey("certificate_order.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(
        String(32), info=held("user.privacy_preferences", "1.1", {Purpose.ACCOUNTABILITY}, O.OBSERVED, Retention.POL)
    )
    version: Mapped[str] = mapped_column(
        String(32), info=held("user.privacy_preferences", "1.1", {Purpose.ACCOUNTABILITY}, O.OBSERVED, Retention.POL)
    )
    at: Mapped[datetime] = mapped_column(
        info=held("user.privacy_preferences", "1.1", {Purpose.ACCOUNTABILITY}, O.OBSERVED, Retention.POL)
    )
