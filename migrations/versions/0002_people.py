"""People, accounts, access and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _data_subject()
    _account()
    _staff()
    _agent()
    _session()
    _one_time_link()
    _recognised_device()
    _api_token()
    _security_event()
    _throttle()
    _delivery()
    _idempotency_key()


def _data_subject() -> None:
    op.create_table(
        "data_subject",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("pseudonym", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_subject")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_data_subject_pseudonym")),
    )


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=True),
        sa.Column("company_name", sa.String(length=120), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("display_mode", sa.String(length=8), nullable=False),
        sa.Column("notify_expiry", sa.Boolean(), nullable=False),
        sa.Column("notify_failure", sa.Boolean(), nullable=False),
        sa.Column("notify_installation", sa.Boolean(), nullable=False),
        sa.Column("age_statement_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("age_statement_version", sa.String(length=32), nullable=False),
        sa.Column("plan", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_account_country")),
        sa.CheckConstraint("display_mode in ('system', 'light', 'dark')", name=op.f("ck_account_display_mode")),
        sa.CheckConstraint("language ~ '^[a-z]{2}(-[A-Z]{2})?$'", name=op.f("ck_account_language")),
        sa.CheckConstraint("plan in ('free', 'monthly', 'yearly', 'lifetime')", name=op.f("ck_account_plan")),
        sa.ForeignKeyConstraint(["data_subject_id"], ["data_subject.id"], name=op.f("fk_account_data_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("data_subject_id", name=op.f("uq_account_data_subject_id")),
        sa.UniqueConstraint("email_key", name=op.f("uq_account_email_key")),
    )


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("one_time_code_secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_code_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role in ('compliance_officer', 'auditor', 'support', 'administrator')", name=op.f("ck_staff_role")
        ),
        sa.ForeignKeyConstraint(["data_subject_id"], ["data_subject.id"], name=op.f("fk_staff_data_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("data_subject_id", name=op.f("uq_staff_data_subject_id")),
        sa.UniqueConstraint("email_key", name=op.f("uq_staff_email_key")),
    )


def _agent() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("host_name", sa.String(length=253), nullable=False),
        sa.Column("operating_system", sa.String(length=80), nullable=False),
        sa.Column("agent_version", sa.String(length=32), nullable=False),
        sa.Column("web_server", sa.String(length=80), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_contact_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_agent_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )
    op.create_index("ix_agent_account_id", "agent", ["account_id", "id"], unique=False)


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("stay_signed_in", sa.Boolean(), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reauthenticated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(account_id is null) <> (staff_id is null)", name=op.f("ck_session_one_owner")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["data_subject_id"], ["data_subject.id"], name=op.f("fk_session_data_subject_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_session_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_session_secret_hash")),
    )
    op.create_index("ix_session_account_id", "session", ["account_id", "id"], unique=False)


def _one_time_link() -> None:
    op.create_table(
        "one_time_link",
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("new_email", sa.String(length=254), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'change_email') = (new_email is not null)", name=op.f("ck_one_time_link_new_email")
        ),
        sa.CheckConstraint(
            "kind in ('verify_email', 'reset_password', 'change_email', 'keep_email')",
            name=op.f("ck_one_time_link_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_one_time_link_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_one_time_link")),
    )
    op.create_index(op.f("ix_one_time_link_account_id"), "one_time_link", ["account_id"], unique=False)


def _recognised_device() -> None:
    op.create_table(
        "recognised_device",
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recognised_device_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_recognised_device")),
    )
    op.create_index(op.f("ix_recognised_device_account_id"), "recognised_device", ["account_id"], unique=False)


def _api_token() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String(length=32)), nullable=False),
        sa.Column("categories", sa.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(account_id is null) <> (staff_id is null)", name=op.f("ck_api_token_one_owner")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_token_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_api_token_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["data_subject_id"], ["data_subject.id"], name=op.f("fk_api_token_data_subject_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_api_token_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_token_secret_hash")),
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id", "id"], unique=False)


def _security_event() -> None:
    op.create_table(
        "security_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_subject_id"], ["data_subject.id"], name=op.f("fk_security_event_data_subject_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_event")),
    )
    op.create_index("ix_security_event_data_subject_id", "security_event", ["data_subject_id", "id"], unique=False)
    op.create_index(op.f("ix_security_event_expires_at"), "security_event", ["expires_at"], unique=False)


def _throttle() -> None:
    op.create_table(
        "throttle",
        sa.Column("bucket", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_expires_at"), "throttle", ["expires_at"], unique=False)


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(length=48), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.CheckConstraint("status in ('waiting', 'sent', 'failed')", name=op.f("ck_delivery_status")),
        sa.ForeignKeyConstraint(
            ["data_subject_id"], ["data_subject.id"], name=op.f("fk_delivery_data_subject_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_data_subject_id", "delivery", ["data_subject_id"], unique=False)
    op.create_index(
        "ix_delivery_due", "delivery", ["next_action_at"], unique=False, postgresql_where="next_action_at is not null"
    )


def _idempotency_key() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("operation", sa.String(length=48), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_subject_id"],
            ["data_subject.id"],
            name=op.f("fk_idempotency_key_data_subject_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("data_subject_id", "operation", "key_hash", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_expires_at"), "idempotency_key", ["expires_at"], unique=False)
