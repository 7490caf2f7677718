"""What leaves for certificate authorities, the platform's accounts there, and what holders were told before.

Clauses 4.1-b, 4.1-c, 4.1-d. A disclosure is written before anything of it is sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, Base, CertificateId, OrderId
from api.models.tags import O, held, neutral
from api.models.vocabulary import Purpose, Retention
from governance.tags import Through


class CaAccountRow(Base):
    """The platform's account at a CA (RFC 8555 section 7.1.2). Its key is the operator's, sealed by the platform."""

    __tablename__ = "ca_account"
    __table_args__ = (UniqueConstraint("authority", "directory_url"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    authority: Mapped[str] = mapped_column(String(64), info=neutral("the name of a certificate authority"))
    directory_url: Mapped[str] = mapped_column(Text, info=neutral("the address of a certificate authority"))
    account_url: Mapped[str | None] = mapped_column(Text, info=neutral("the operator's account at the CA"))
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary, info=neutral("the operator's key, sealed"))
    public_key_sha256: Mapped[str] = mapped_column(
        String(64), unique=True, info=neutral("says which key the operator's is, without being one")
    )
    key_epoch: Mapped[int] = mapped_column(Integer, info=neutral("number of a key-encryption key"))
    created_at: Mapped[datetime] = mapped_column(info=neutral("when the operator's account was made"))


def _accountability(category: str) -> dict[str, Any]:
    return held(category, "1.2", {Purpose.ACCOUNTABILITY}, O.OBSERVED, Retention.JOB)


class DisclosureRow(Base):
    """What left for a recipient, when, and why (clause 4.1-b, Art. 15(1)(c)). Written before it is sent."""

    __tablename__ = "disclosure"
    __table_args__ = (
        Index("ix_disclosure_account_id", "account_id", "id"),
        Index("ix_disclosure_order_id", "order_id"),
        Index("ix_disclosure_certificate_id", "certificate_id"),
        {"info": {"data_subject": Through("account_id")}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    order_id: Mapped[OrderId | None] = mapped_column(ForeignKey("certificate_order.id", ondelete="CASCADE"))
    certificate_id: Mapped[CertificateId | None] = mapped_column(ForeignKey("certificate.id", ondelete="SET NULL"))
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
        Index("ix_acknowledgement_order_id", "order_id"),
        Index(
            "uq_acknowledgement_once",
            "account_id",
            "version",
            unique=True,
            postgresql_where="kind = 'certificate_authority'",
        ),
        CheckConstraint("kind in ('certificate_authority', 'certificate_transparency')", name="kind"),
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
