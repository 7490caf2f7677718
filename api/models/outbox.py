"""Work that leaves the process: mails to send, and answers remembered for repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, DeliveryId
from api.models.tags import O, held, neutral
from api.models.vocabulary import Purpose, Retention
from governance.ids import DataSubjectId


def _mail(category: str, **more: Any) -> dict[str, Any]:
    return held(category, "1.5", {Purpose.SERVICE_MAIL}, O.OBSERVED, Retention.COM, **more)


class DeliveryRow(Base):
    """One mail. It commits with the change it tells of; `content` (recipient and template values) is sealed."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "next_action_at", postgresql_where="next_action_at is not null"),
        Index("ix_delivery_data_subject_id", "data_subject_id"),
        CheckConstraint("status in ('waiting', 'sent', 'failed')", name="status"),
    )

    id: Mapped[DeliveryId] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id", ondelete="CASCADE"))
    template: Mapped[str] = mapped_column(String(48), info=_mail("user.account"))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info=_mail("user.contact.email", sealed=True))
    status: Mapped[str] = mapped_column(String(8), info=_mail("user.account"))
    attempts: Mapped[int] = mapped_column(Integer, info=_mail("user.account"))
    created_at: Mapped[datetime] = mapped_column(info=_mail("user.account"))
    sent_at: Mapped[datetime | None] = mapped_column(info=_mail("user.account"))
    next_action_at: Mapped[datetime | None] = mapped_column(info=_mail("user.account"))
    generation: Mapped[int] = mapped_column(Integer, info=neutral("a fencing token for workers"))
    error: Mapped[str | None] = mapped_column(String(200), info=_mail("user.account"))


class IdempotencyKeyRow(Base):
    """The outcome of a mutation under a caller's idempotency key: same request, same outcome; other request, refused.

    `result` names what was made (ids only). It commits with the change, so a repeat can never make a second one.
    """

    __tablename__ = "idempotency_key"

    data_subject_id: Mapped[DataSubjectId] = mapped_column(
        ForeignKey("data_subject.id", ondelete="CASCADE"), primary_key=True
    )
    operation: Mapped[str] = mapped_column(String(48), primary_key=True, info=neutral("the name of a mutation"))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, info=neutral("a hash of a random word"))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32), info=neutral("a hash of a request"))
    result_id: Mapped[UUID] = mapped_column(info=neutral("the id of the row that was made"))
    expires_at: Mapped[datetime] = mapped_column(index=True, info=neutral("a day after the request"))
