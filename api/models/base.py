"""The declarative base and the identifiers that cannot be swapped.

A `NewType` id must be registered in `type_annotation_map`, or mapping fails.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NewType
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase

from governance.ids import DataSubjectId, Pseudonym

AccountId = NewType("AccountId", UUID)
StaffId = NewType("StaffId", UUID)
SessionId = NewType("SessionId", UUID)
ApiTokenId = NewType("ApiTokenId", UUID)
AgentId = NewType("AgentId", UUID)
DomainId = NewType("DomainId", UUID)
OrderId = NewType("OrderId", UUID)
CertificateId = NewType("CertificateId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
RecipientId = NewType("RecipientId", UUID)
PartnerId = NewType("PartnerId", UUID)
PartnerContactId = NewType("PartnerContactId", UUID)
AccessGrantId = NewType("AccessGrantId", UUID)
InvitationId = NewType("InvitationId", UUID)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The metadata of the main database."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: dict[Any, Any] = {  # noqa: RUF012 - SQLAlchemy reads it as a plain attribute
        datetime: DateTime(timezone=True),
        str: Text(),
        **dict.fromkeys(
            (
                AccountId,
                StaffId,
                SessionId,
                ApiTokenId,
                AgentId,
                DomainId,
                OrderId,
                CertificateId,
                DeliveryId,
                RecipientId,
                PartnerId,
                PartnerContactId,
                AccessGrantId,
                InvitationId,
                DataSubjectId,
                Pseudonym,
                UUID,
            ),
            Uuid(),
        ),
    }


KEYS_METADATA = MetaData(naming_convention=NAMING)
