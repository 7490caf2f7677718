"""Agents on customers' servers, and where they installed which certificate (policy 1.2, clause 1.2-a)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, AgentId, Base, CertificateId
from api.models.tags import O, agent_data
from governance.tags import Through


class AgentRow(Base):
    """An enrolled agent. What it reports is a closed list: these columns and its installations."""

    __tablename__ = "agent"
    __table_args__ = (Index("ix_agent_account_id", "account_id", "id"),)

    id: Mapped[AgentId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(80), info=agent_data("user.device", O.PROVIDED))
    host_name: Mapped[str] = mapped_column(String(253), info=agent_data("user.device"))
    operating_system: Mapped[str] = mapped_column(String(80), info=agent_data("user.device"))
    agent_version: Mapped[str] = mapped_column(String(32), info=agent_data("user.device"))
    web_server: Mapped[str | None] = mapped_column(String(80), info=agent_data("user.device"))
    created_at: Mapped[datetime] = mapped_column(info=agent_data("user.device"))
    last_contact_at: Mapped[datetime | None] = mapped_column(info=agent_data("user.device"))


class InstallationRow(Base):
    """One place where an agent says a certificate is installed; the newest report of a place wins."""

    __tablename__ = "installation"
    __table_args__ = (
        Index("ix_installation_certificate_id", "certificate_id"),
        {"info": {"data_subject": Through("agent_id")}},
    )

    agent_id: Mapped[AgentId] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True)
    target_name: Mapped[str] = mapped_column(String(253), primary_key=True, info=agent_data("user.device"))
    certificate_id: Mapped[CertificateId] = mapped_column(ForeignKey("certificate.id", ondelete="CASCADE"))
    fingerprint_sha256: Mapped[str] = mapped_column(String(64), info=agent_data("user.device"))
    installed_at: Mapped[datetime] = mapped_column(info=agent_data("user.device"))
    reported_at: Mapped[datetime] = mapped_column(info=agent_data("user.device"))
