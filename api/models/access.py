"""How people and programs get in: sessions, recognised devices, API tokens, security events, staff."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, AgentId, ApiTokenId, Base, PartnerId, SessionId, StaffId
from api.models.tags import account_data, credential, neutral, security_data, session_data
from governance.ids import DataSubjectId
from governance.tags import Through, Unlinkable

_ONE_OWNER = "(account_id is null) <> (staff_id is null)"
_ONE_OF_THREE = "num_nonnulls(account_id, staff_id, partner_id) = 1"
REFUSE: Final = "refuse"
NULL: Final = "null"
"""What a token does with a field whose category it lacks: see `governance.access.Grants.missing_as_null`."""


class StaffRow(Base):
    """A person who works for the operator. No role reads personal data by default."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role in ('compliance_officer', 'auditor', 'support', 'administrator')", name="role"),
    )

    id: Mapped[StaffId] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id"), unique=True)
    email: Mapped[str] = mapped_column(String(254), info=account_data("user.contact.email"))
    email_key: Mapped[str] = mapped_column(String(254), unique=True, info=account_data("user.contact.email"))
    name: Mapped[str] = mapped_column(String(80), info=account_data("user.name"))
    role: Mapped[str] = mapped_column(String(24), info=account_data("user.workplace"))
    password_hash: Mapped[str] = mapped_column(info=credential("user.authorization.password"))
    one_time_code_secret: Mapped[bytes] = mapped_column(LargeBinary, info=credential(sealed=True))
    last_code_step: Mapped[int | None] = mapped_column(BigInteger, info=credential())
    created_at: Mapped[datetime] = mapped_column(info=account_data("user.account"))
    disabled_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account"))


class SessionRow(Base):
    """A signed-in browser of an account holder or of staff. Ends at `expires_at`, at sign-out, or when revoked."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint(_ONE_OWNER, name="one_owner"),
        Index("ix_session_account_id", "account_id", "id"),
        {"info": {"data_subject": Through("data_subject_id")}},
    )

    id: Mapped[SessionId] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id", ondelete="CASCADE"))
    account_id: Mapped[AccountId | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    staff_id: Mapped[StaffId | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info=credential())
    stay_signed_in: Mapped[bool] = mapped_column(info=session_data("user.account.settings"))
    user_agent: Mapped[str] = mapped_column(String(300), info=session_data("user.device"))
    address: Mapped[str] = mapped_column(String(45), info=session_data("user.device.ip_address"))
    created_at: Mapped[datetime] = mapped_column(info=session_data("user.account"))
    last_used_at: Mapped[datetime] = mapped_column(info=session_data("user.account"))
    expires_at: Mapped[datetime] = mapped_column(info=session_data("user.account"))
    reauthenticated_at: Mapped[datetime] = mapped_column(info=session_data("user.account"))
    revoked_at: Mapped[datetime | None] = mapped_column(info=session_data("user.account"))


class RecognisedDeviceRow(Base):
    """A browser that signed in before; it is not slowed down when others try wrong passwords (`__Host-device`)."""

    __tablename__ = "recognised_device"

    secret_hash: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True, info=security_data("user.device.device_id")
    )
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(info=security_data("user.device.device_id"))
    expires_at: Mapped[datetime] = mapped_column(info=security_data("user.device.device_id"))


class ApiTokenRow(Base):
    """An API token of an account, one of its agents, staff or a partner. Its text is shown once, its hash kept."""

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint(_ONE_OF_THREE, name="one_owner"),
        CheckConstraint("on_missing_category in ('refuse', 'null')", name="on_missing_category"),
        Index("ix_api_token_account_id", "account_id", "id"),
        Index("ix_api_token_partner_id", "partner_id", "id"),
        {"info": {"data_subject": Through("data_subject_id")}},
    )

    id: Mapped[ApiTokenId] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id", ondelete="CASCADE"))
    account_id: Mapped[AccountId | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    staff_id: Mapped[StaffId | None] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    agent_id: Mapped[AgentId | None] = mapped_column(ForeignKey("agent.id", ondelete="CASCADE"))
    partner_id: Mapped[PartnerId | None] = mapped_column(ForeignKey("partner.id", ondelete="CASCADE"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info=credential())
    name: Mapped[str] = mapped_column(String(80), info=credential())
    hint: Mapped[str] = mapped_column(String(16), info=credential())
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(32)), info=credential())
    categories: Mapped[list[str]] = mapped_column(ARRAY(String(64)), info=credential())
    on_missing_category: Mapped[str] = mapped_column(String(6), server_default=REFUSE, info=credential())
    created_at: Mapped[datetime] = mapped_column(info=credential())
    expires_at: Mapped[datetime | None] = mapped_column(info=credential())
    last_used_at: Mapped[datetime | None] = mapped_column(info=credential())
    revoked_at: Mapped[datetime | None] = mapped_column(info=credential())


class SecurityEventRow(Base):
    """Something that concerns the safety of an account or of a staff member; the address is whole for 90 days."""

    __tablename__ = "security_event"
    __table_args__ = (Index("ix_security_event_data_subject_id", "data_subject_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(
        String(32), info=security_data("user.account", portable_because="the person may take the history along")
    )
    succeeded: Mapped[bool] = mapped_column(
        info=security_data("user.account", portable_because="the person may take the history along")
    )
    address: Mapped[str] = mapped_column(
        String(45), info=security_data("user.device.ip_address", portable_because="the person may take it along")
    )
    user_agent: Mapped[str] = mapped_column(
        String(300), info=security_data("user.device", portable_because="the person may take it along")
    )
    at: Mapped[datetime] = mapped_column(
        info=security_data("user.account", portable_because="the person may take the history along")
    )
    expires_at: Mapped[datetime] = mapped_column(index=True, info=neutral("90 days after the event"))


class ThrottleRow(Base):
    """How often something was tried, under a keyed hash of who or where from; ends within a day."""

    __tablename__ = "throttle"
    __table_args__ = {  # noqa: RUF012 - SQLAlchemy's own form
        "info": {"data_subject": Unlinkable("a keyed hash that is never joined with anything and ends within a day")}
    }

    bucket: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True, info=security_data("user.device.ip_address")
    )
    failures: Mapped[int] = mapped_column(info=security_data("user.device.ip_address"))
    last_at: Mapped[datetime] = mapped_column(info=security_data("user.device.ip_address"))
    blocked_until: Mapped[datetime | None] = mapped_column(info=security_data("user.device.ip_address"))
    expires_at: Mapped[datetime] = mapped_column(index=True, info=neutral("a day after the last attempt"))


class ChargeRow(Base):
    """When a caller's bucket of cost is full again, under a keyed hash of who. Unlogged: a crash fills them all."""

    __tablename__ = "charge"
    __table_args__ = {  # noqa: RUF012 - SQLAlchemy's own form
        "prefixes": ["UNLOGGED"],
        "postgresql_with": {"fillfactor": "50"},
        "info": {"data_subject": Unlinkable("a keyed hash that is never joined with anything and ends within minutes")},
    }

    bucket: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, info=security_data("user.unique_id"))
    full_at: Mapped[datetime] = mapped_column(info=security_data("user.unique_id"))
