"""The register of recipients, partners with their contact people, and who may act for which account.

A partner acts by a token of its contact person, and only under a grant of the holder. A teammate is another account
under the same kind of grant. Organisations are nobody's data; who stands for one, and who granted what, is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccessGrantId, AccountId, Base, InvitationId, PartnerContactId, PartnerId, RecipientId
from api.models.tags import O, account_data, credential, held, neutral
from api.models.vocabulary import Purpose, Retention
from governance.ids import DataSubjectId, Pseudonym
from governance.tags import Through, Unlinkable

_ORGANISATION = "says something of an organisation, of no person"


def _organisation() -> dict[str, Any]:
    return neutral(_ORGANISATION)


class RecipientRow(Base):
    """An organisation that personal data may leave for, approved by the operator (rule X-5, Art. 30(1)(d))."""

    __tablename__ = "recipient"
    __table_args__ = (
        CheckConstraint("kind in ('authority', 'partner', 'processor', 'public_body')", name="kind"),
        CheckConstraint("code ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name="code"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint("approved_at is null or contract_reference is not null", name="contract"),
        {"info": {"data_subject": Unlinkable("organisations; who approved one stands there by pseudonym alone")}},
    )

    id: Mapped[RecipientId] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(48), unique=True, info=_organisation())
    name: Mapped[str] = mapped_column(String(120), info=_organisation())
    kind: Mapped[str] = mapped_column(String(16), info=_organisation())
    description: Mapped[str] = mapped_column(String(300), info=_organisation())
    purposes: Mapped[list[str]] = mapped_column(ARRAY(String(32)), info=_organisation())
    country: Mapped[str] = mapped_column(String(2), info=_organisation())
    contract_reference: Mapped[str | None] = mapped_column(String(120), info=_organisation())
    safeguard: Mapped[str | None] = mapped_column(String(200), info=_organisation())
    created_at: Mapped[datetime] = mapped_column(info=_organisation())
    approved_at: Mapped[datetime | None] = mapped_column(info=_organisation())
    approved_by: Mapped[Pseudonym | None] = mapped_column(
        info=held("user.unique_id.pseudonymous", "1.4", {Purpose.ACCOUNTABILITY}, O.OBSERVED, Retention.AUD)
    )
    ended_at: Mapped[datetime | None] = mapped_column(info=_organisation())


class PartnerRow(Base):
    """A recipient that may act for holders who granted it. It acts only while its entry is approved and in force."""

    __tablename__ = "partner"

    id: Mapped[PartnerId] = mapped_column(primary_key=True)
    recipient_id: Mapped[RecipientId] = mapped_column(ForeignKey("recipient.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(info=_organisation())
    disabled_at: Mapped[datetime | None] = mapped_column(info=_organisation())


class PartnerContactRow(Base):
    """Who stands for a partner; its tokens are this person's, and audit events name them as the one who acted."""

    __tablename__ = "partner_contact"
    __table_args__ = (
        Index("uq_partner_contact_present", "partner_id", unique=True, postgresql_where="ended_at is null"),
    )

    id: Mapped[PartnerContactId] = mapped_column(primary_key=True)
    partner_id: Mapped[PartnerId] = mapped_column(ForeignKey("partner.id", ondelete="CASCADE"), index=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(
        ForeignKey("data_subject.id", ondelete="CASCADE"), unique=True
    )
    name: Mapped[str] = mapped_column(String(80), info=account_data("user.name", O.THIRD_PARTY))
    email: Mapped[str] = mapped_column(String(254), info=account_data("user.contact.email", O.THIRD_PARTY))
    created_at: Mapped[datetime] = mapped_column(info=account_data("user.account", O.OBSERVED))
    ended_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account", O.OBSERVED))


class AccessGrantRow(Base):
    """That somebody else may act for an account: a partner, or a teammate once the invitation is accepted.

    It holds from `accepted_at` to `until` or `revoked_at`. Neither partner nor teammate: an invitation that waits.
    """

    __tablename__ = "access_grant"
    __table_args__ = (
        CheckConstraint("num_nonnulls(partner_id, grantee_account_id) <= 1", name="one_grantee"),
        CheckConstraint(
            "(accepted_at is null) = (num_nonnulls(partner_id, grantee_account_id) = 0)", name="accepted_by_somebody"
        ),
        CheckConstraint("grantee_account_id <> account_id", name="somebody_else"),
        Index("ix_access_grant_account_id", "account_id", "id"),
        Index("ix_access_grant_partner_id", "partner_id", "id"),
        Index("ix_access_grant_grantee_account_id", "grantee_account_id", "id"),
        {"info": {"data_subject": Through("account_id")}},
    )

    id: Mapped[AccessGrantId] = mapped_column(primary_key=True)
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    partner_id: Mapped[PartnerId | None] = mapped_column(ForeignKey("partner.id"))
    grantee_account_id: Mapped[AccountId | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(32)), info=account_data("user.account"))
    categories: Mapped[list[str]] = mapped_column(ARRAY(String(64)), info=account_data("user.account"))
    created_at: Mapped[datetime] = mapped_column(info=account_data("user.account", O.OBSERVED))
    until: Mapped[datetime] = mapped_column(info=account_data("user.account"))
    accepted_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account", O.OBSERVED))
    last_used_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account", O.OBSERVED))
    revoked_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account", O.OBSERVED))


class InvitationRow(Base):
    """A mailed invitation to act for an account. Whoever was invited is a person of their own until it is settled.

    It goes, with that person, when it is accepted, withdrawn or too old: no address that nobody confirmed is kept.
    """

    __tablename__ = "invitation"
    __table_args__ = ({"info": {"data_subject": Through("data_subject_id")}},)

    id: Mapped[InvitationId] = mapped_column(primary_key=True)
    access_grant_id: Mapped[AccessGrantId] = mapped_column(
        ForeignKey("access_grant.id", ondelete="CASCADE"), unique=True
    )
    data_subject_id: Mapped[DataSubjectId] = mapped_column(
        ForeignKey("data_subject.id", ondelete="CASCADE"), unique=True
    )
    email: Mapped[str] = mapped_column(String(254), info=account_data("user.contact.email", O.THIRD_PARTY))
    email_key: Mapped[str] = mapped_column(String(254), info=account_data("user.contact.email", O.THIRD_PARTY))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info=credential())
    created_at: Mapped[datetime] = mapped_column(info=account_data("user.account", O.OBSERVED))
    expires_at: Mapped[datetime] = mapped_column(index=True, info=account_data("user.account", O.OBSERVED))
