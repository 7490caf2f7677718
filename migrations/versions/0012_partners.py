"""The register of recipients, partners, grants of access and invitations; API tokens of partners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.db.row_security import application_policies, reader_grants, tenant_policies

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, and let a partner own tokens."""
    _recipient()
    _partner()
    _partner_contact()
    _access_grant()
    _invitation()
    _api_token()
    for statement in (*_walls(), *_announcements()):
        op.execute(statement)


def _recipient() -> None:
    op.create_table(
        "recipient",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=48), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.String(length=32)), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("contract_reference", sa.String(length=120), nullable=True),
        sa.Column("safeguard", sa.String(length=200), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("approved_at", _TIME, nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "kind in ('authority', 'partner', 'processor', 'public_body')", name=op.f("ck_recipient_kind")
        ),
        sa.CheckConstraint("code ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'", name=op.f("ck_recipient_code")),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_recipient_country")),
        sa.CheckConstraint("approved_at is null or contract_reference is not null", name=op.f("ck_recipient_contract")),
        sa.PrimaryKeyConstraint("id", name="pk_recipient"),
        sa.UniqueConstraint("code", name="uq_recipient_code"),
    )


def _partner() -> None:
    op.create_table(
        "partner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("disabled_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name="fk_partner_recipient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_partner"),
        sa.UniqueConstraint("recipient_id", name="uq_partner_recipient_id"),
    )


def _partner_contact() -> None:
    op.create_table(
        "partner_contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partner.id"], name="fk_partner_contact_partner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["data_subject_id"], ["data_subject.id"], name="fk_partner_contact_data_subject_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_partner_contact"),
        sa.UniqueConstraint("data_subject_id", name="uq_partner_contact_data_subject_id"),
    )
    op.create_index("ix_partner_contact_partner_id", "partner_contact", ["partner_id"])
    present = sa.text("ended_at is null")
    op.create_index(
        "uq_partner_contact_present", "partner_contact", ["partner_id"], unique=True, postgresql_where=present
    )


def _access_grant() -> None:
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("grantee_account_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.String(length=32)), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("accepted_at", _TIME, nullable=True),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(partner_id, grantee_account_id) <= 1", name=op.f("ck_access_grant_one_grantee")
        ),
        sa.CheckConstraint(
            "(accepted_at is null) = (num_nonnulls(partner_id, grantee_account_id) = 0)",
            name=op.f("ck_access_grant_accepted_by_somebody"),
        ),
        sa.CheckConstraint("grantee_account_id <> account_id", name=op.f("ck_access_grant_somebody_else")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_access_grant_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name="fk_access_grant_partner_id"),
        sa.ForeignKeyConstraint(
            ["grantee_account_id"], ["account.id"], name="fk_access_grant_grantee_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_access_grant"),
    )
    for column in ("account_id", "partner_id", "grantee_account_id"):
        op.create_index(f"ix_access_grant_{column}", "access_grant", [column, "id"])


def _invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("access_grant_id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["access_grant_id"], ["access_grant.id"], name="fk_invitation_access_grant_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["data_subject_id"], ["data_subject.id"], name="fk_invitation_data_subject_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("access_grant_id", name="uq_invitation_access_grant_id"),
        sa.UniqueConstraint("data_subject_id", name="uq_invitation_data_subject_id"),
        sa.UniqueConstraint("secret_hash", name="uq_invitation_secret_hash"),
    )
    op.create_index("ix_invitation_expires_at", "invitation", ["expires_at"])


def _api_token() -> None:
    op.add_column("api_token", sa.Column("partner_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_api_token_partner_id", "api_token", "partner", ["partner_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_api_token_partner_id", "api_token", ["partner_id", "id"])
    op.drop_constraint(op.f("ck_api_token_one_owner"), "api_token", type_="check")
    op.create_check_constraint(
        op.f("ck_api_token_one_owner"), "api_token", "num_nonnulls(account_id, staff_id, partner_id) = 1"
    )


def _walls() -> tuple[str, ...]:
    """Return the second wall, and what of a grant the schema shows by statements: to whom it was given is resolved."""
    application = ("recipient", "partner", "partner_contact", "invitation")
    shown = ("scopes", "categories", "created_at", "until", "accepted_at", "last_used_at", "revoked_at")
    return (
        *(statement for table in application for statement in application_policies(table)),
        *tenant_policies("access_grant", by="account_id"),
        *reader_grants("access_grant", "id", "account_id", *shown),
    )


def _announcements() -> tuple[str, ...]:
    """Return triggers by which every process hears at once of a grant or partner that is no longer what it was.

    A partner's entry in the register is announced as the partner, which is what viewers refer to.
    """
    used = "to_jsonb(old) - 'last_used_at' is distinct from to_jsonb(new) - 'last_used_at'"
    announce = "for each row when ({when}) execute function announce_credential()"
    changed = "old is distinct from new"
    named = f"for each row when ({changed}) execute function announce_partner()"
    return (
        f"create trigger access_grant_update_announced after update on access_grant {announce.format(when=used)}",
        f"create trigger access_grant_delete_announced after delete on access_grant {announce.format(when='true')}",
        f"create trigger partner_update_announced after update on partner {announce.format(when=changed)}",
        """
        create function announce_partner() returns trigger language plpgsql
        security definer set search_path = pg_catalog, public, pg_temp as $$
        begin
            perform pg_notify('sslm_credentials', p.id::text) from partner p where p.recipient_id = old.id;
            return null;
        end $$
        """,
        f"create trigger recipient_update_announced after update on recipient {named}",
    )
