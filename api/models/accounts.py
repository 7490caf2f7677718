"""Accounts and their holders' settings (policy 1.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import AccountId, Base
from api.models.tags import O, P, account_data, credential, neutral
from governance.ids import DataSubjectId
from governance.tags import Access

EmailAddress = Annotated[
    str,
    mapped_column(
        String(254),
        info=account_data("user.contact.email", purposes={P.ACCOUNT, P.SERVICE_MAIL, P.SECURITY}, self_editable=True),
    ),
]


class AccountRow(Base):
    """One account with its holder. `email_key` is the comparison form of the address: two rows never share it."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("display_mode in ('system', 'light', 'dark')", name="display_mode"),
        CheckConstraint("plan in ('free', 'monthly', 'yearly', 'lifetime')", name="plan"),
        CheckConstraint("language ~ '^[a-z]{2}(-[A-Z]{2})?$'", name="language"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
    )

    id: Mapped[AccountId] = mapped_column(primary_key=True)
    data_subject_id: Mapped[DataSubjectId] = mapped_column(ForeignKey("data_subject.id"), unique=True)
    email: Mapped[EmailAddress]
    email_key: Mapped[str] = mapped_column(
        String(254),
        unique=True,
        info=account_data(
            "user.contact.email",
            O.DERIVED,
            access=Access.EXCLUDED,
            excluded_because="the same address in lower case, which is shown",
        ),
    )
    email_verified_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account", O.DERIVED))
    password_hash: Mapped[str] = mapped_column(info=credential("user.authorization.password"))
    password_changed_at: Mapped[datetime] = mapped_column(info=account_data("user.account", O.OBSERVED))
    display_name: Mapped[str | None] = mapped_column(String(80), info=account_data("user.name", self_editable=True))
    company_name: Mapped[str | None] = mapped_column(
        String(120), info=account_data("user.contact.organization", self_editable=True)
    )
    country: Mapped[str | None] = mapped_column(
        String(2),
        info=account_data(
            "user.contact.address.country",
            purposes={P.RIGHTS},
            self_editable=True,
            portable_because="the person stated it and may take it along",
        ),
    )
    language: Mapped[str] = mapped_column(String(5), info=account_data("user.account.settings", self_editable=True))
    time_zone: Mapped[str] = mapped_column(String(64), info=account_data("user.account.settings", self_editable=True))
    display_mode: Mapped[str] = mapped_column(String(8), info=account_data("user.account.settings", self_editable=True))
    notify_expiry: Mapped[bool] = mapped_column(
        info=account_data("user.privacy_preferences", purposes={P.SERVICE_MAIL}, self_editable=True)
    )
    notify_failure: Mapped[bool] = mapped_column(
        info=account_data("user.privacy_preferences", purposes={P.SERVICE_MAIL}, self_editable=True)
    )
    notify_installation: Mapped[bool] = mapped_column(
        info=account_data("user.privacy_preferences", purposes={P.SERVICE_MAIL}, self_editable=True)
    )
    age_statement_at: Mapped[datetime] = mapped_column(
        info=account_data("user.demographic.age_range", purposes={P.RIGHTS})
    )
    age_statement_version: Mapped[str] = mapped_column(
        String(32), info=account_data("user.demographic.age_range", purposes={P.RIGHTS})
    )
    plan: Mapped[str] = mapped_column(
        String(16),
        info=account_data(
            "user.account", O.DERIVED, purposes={P.PLAN}, portable_because="it says what the person is entitled to"
        ),
    )
    created_at: Mapped[datetime] = mapped_column(info=account_data("user.account", O.OBSERVED))
    last_sign_in_at: Mapped[datetime | None] = mapped_column(
        info=account_data("user.account", O.OBSERVED, purposes={P.ACCOUNT, P.SECURITY})
    )
    closed_at: Mapped[datetime | None] = mapped_column(info=account_data("user.account", O.OBSERVED))


class OneTimeLinkRow(Base):
    """A link sent by mail: usable once, before it expires, for one purpose. Only a hash of its secret is kept.

    `keep_email` goes to the present address when a change is asked for, and stops that change.
    """

    __tablename__ = "one_time_link"
    __table_args__ = (
        CheckConstraint("kind in ('verify_email', 'reset_password', 'change_email', 'keep_email')", name="kind"),
        CheckConstraint("(kind = 'change_email') = (new_email is not null)", name="new_email"),
    )

    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, info=credential())
    account_id: Mapped[AccountId] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16), info=neutral("one of four kinds of link"))
    new_email: Mapped[str | None] = mapped_column(String(254), info=account_data("user.contact.email"))
    created_at: Mapped[datetime] = mapped_column(info=credential())
    expires_at: Mapped[datetime] = mapped_column(info=credential())
    used_at: Mapped[datetime | None] = mapped_column(info=credential())
