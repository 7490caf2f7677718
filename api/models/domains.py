"""Domains of an account, who validated them, how and until when (policy 1.2)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, Base, DomainId
from api.models.tags import O, domain_data

SAFE_NAME = "name ~ '^(\\*\\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'"


class DomainRow(Base):
    """A DNS name the account manages, as A-labels; a wildcard is an entry of its own. Unique in its account."""

    __tablename__ = "domain"
    __table_args__ = (
        UniqueConstraint("account_id", "name"),
        Index("ix_domain_account_id", "account_id", "id"),
        CheckConstraint(SAFE_NAME, name="safe_name"),
    )

    id: Mapped[DomainId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(253, collation="C"), info=domain_data())
    name_unicode: Mapped[str] = mapped_column(String(253), info=domain_data())
    created_at: Mapped[datetime] = mapped_column(info=domain_data(origin=O.OBSERVED))


class DomainValidationRow(Base):
    """A proof of control over a name, as a CA accepted it (RFC 8555 section 7.1.4)."""

    __tablename__ = "domain_validation"
    __table_args__ = (Index("ix_domain_validation_domain_id", "domain_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    domain_id: Mapped[DomainId] = mapped_column(ForeignKey("domain.id", ondelete="CASCADE"))
    authority: Mapped[str] = mapped_column(String(64), info=domain_data("user.account", O.THIRD_PARTY))
    method: Mapped[str] = mapped_column(String(16), info=domain_data("user.account", O.THIRD_PARTY))
    validated_at: Mapped[datetime] = mapped_column(info=domain_data("user.account", O.THIRD_PARTY))
    valid_until: Mapped[datetime | None] = mapped_column(info=domain_data("user.account", O.THIRD_PARTY))
