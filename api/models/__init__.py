"""Tables and tags, nothing else. Importing this package maps every table."""

from typing import Final

from api.models.access import (
    ApiTokenRow,
    ChargeRow,
    RecognisedDeviceRow,
    SecurityEventRow,
    SessionRow,
    StaffRow,
    ThrottleRow,
)
from api.models.accounts import AccountRow, OneTimeLinkRow
from api.models.agents import AgentRow, InstallationRow
from api.models.base import (
    KEYS_METADATA,
    AccessGrantId,
    AccountId,
    AgentId,
    ApiTokenId,
    Base,
    CertificateId,
    DeliveryId,
    DomainId,
    InvitationId,
    OrderId,
    PartnerContactId,
    PartnerId,
    RecipientId,
    SessionId,
    StaffId,
)
from api.models.certificates import (
    AuthorizationRow,
    CertificateNameRow,
    CertificateRow,
    ChallengeRow,
    OrderRow,
    RevocationRow,
)
from api.models.disclosures import AcknowledgementRow, CaAccountRow, DisclosureRow
from api.models.documents import TrustedDocumentRow
from api.models.domains import DomainRow, DomainValidationRow
from api.models.outbox import DeliveryRow, IdempotencyKeyRow
from api.models.partners import AccessGrantRow, InvitationRow, PartnerContactRow, PartnerRow, RecipientRow
from api.models.tags import CONTENT_KEY_TAG, GOVERNANCE_TAGS
from api.models.vocabulary import VOCABULARY, Purpose, Retention
from governance.catalog import Catalog
from governance.models import define_key_tables, define_tables

GOVERNANCE: Final = define_tables(Base.metadata, GOVERNANCE_TAGS)
CONTENT_KEY_TABLE: Final = define_key_tables(KEYS_METADATA, CONTENT_KEY_TAG)
CATALOG: Final = Catalog.of(VOCABULARY, Base.metadata, KEYS_METADATA)

__all__ = [
    "CATALOG",
    "CONTENT_KEY_TABLE",
    "GOVERNANCE",
    "KEYS_METADATA",
    "VOCABULARY",
    "AccessGrantId",
    "AccessGrantRow",
    "AccountId",
    "AccountRow",
    "AcknowledgementRow",
    "AgentId",
    "AgentRow",
    "ApiTokenId",
    "ApiTokenRow",
    "AuthorizationRow",
    "Base",
    "CaAccountRow",
    "CertificateId",
    "CertificateNameRow",
    "CertificateRow",
    "ChallengeRow",
    "ChargeRow",
    "DeliveryId",
    "DeliveryRow",
    "DisclosureRow",
    "DomainId",
    "DomainRow",
    "DomainValidationRow",
    "IdempotencyKeyRow",
    "InstallationRow",
    "InvitationId",
    "InvitationRow",
    "OneTimeLinkRow",
    "OrderId",
    "OrderRow",
    "PartnerContactId",
    "PartnerContactRow",
    "PartnerId",
    "PartnerRow",
    "Purpose",
    "RecipientId",
    "RecipientRow",
    "RecognisedDeviceRow",
    "Retention",
    "RevocationRow",
    "SecurityEventRow",
    "SessionId",
    "SessionRow",
    "StaffId",
    "StaffRow",
    "ThrottleRow",
    "TrustedDocumentRow",
]
