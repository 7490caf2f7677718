"""Domains, orders, certificates and what was disclosed to the CA."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _domain()
    _domain_validation()
    _ca_account()
    _certificate()
    _revocation()
    _certificate_order()
    _order_authorization()
    _order_challenge()
    _disclosure()
    _acknowledgement()
    _installation()


def _domain() -> None:
    op.create_table(
        "domain",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=253, collation="C"), nullable=False),
        sa.Column("name_unicode", sa.String(length=253), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name ~ '^(\\*\\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$'", name=op.f("ck_domain_safe_name")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_domain_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_domain_account_id_name")),
    )
    op.create_index("ix_domain_account_id", "domain", ["account_id", "id"], unique=False)


def _domain_validation() -> None:
    op.create_table(
        "domain_validation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("domain_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("validated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["domain_id"], ["domain.id"], name=op.f("fk_domain_validation_domain_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_validation")),
    )
    op.create_index("ix_domain_validation_domain_id", "domain_validation", ["domain_id", "id"], unique=False)


def _ca_account() -> None:
    op.create_table(
        "ca_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("directory_url", sa.Text(), nullable=False),
        sa.Column("account_url", sa.Text(), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.Column("public_key_sha256", sa.String(length=64), nullable=False),
        sa.Column("key_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ca_account")),
        sa.UniqueConstraint("authority", "directory_url", name=op.f("uq_ca_account_authority_directory_url")),
        sa.UniqueConstraint("public_key_sha256", name=op.f("uq_ca_account_public_key_sha256")),
    )


def _certificate() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("ca_account_id", sa.Uuid(), nullable=True),
        sa.Column("names", sa.ARRAY(sa.String(length=253)), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("fingerprint_sha256", sa.String(length=64), nullable=False),
        sa.Column("public_key_sha256", sa.String(length=64), nullable=False),
        sa.Column("issuer_name", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chain_pem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revocation_reason", sa.String(length=32), nullable=True),
        sa.CheckConstraint("fingerprint_sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_certificate_fingerprint_sha256")),
        sa.CheckConstraint("serial_number ~ '^[0-9a-f]+$'", name=op.f("ck_certificate_serial_number")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_certificate_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["ca_account_id"], ["ca_account.id"], name=op.f("fk_certificate_ca_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("fingerprint_sha256", name=op.f("uq_certificate_fingerprint_sha256")),
    )
    op.create_index("ix_certificate_account_id", "certificate", ["account_id", "id"], unique=False)
    op.create_index("ix_certificate_names", "certificate", ["names"], unique=False, postgresql_using="gin")


def _revocation() -> None:
    op.create_table(
        "revocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "reason in ('UNSPECIFIED', 'KEY_COMPROMISE', 'SUPERSEDED', 'CESSATION_OF_OPERATION')",
            name=op.f("ck_revocation_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_revocation_certificate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_revocation_certificate_id")),
    )
    op.create_index(
        "ix_revocation_due",
        "revocation",
        ["next_action_at"],
        unique=False,
        postgresql_where="next_action_at is not null",
    )


def _certificate_order() -> None:  # house-rule: one table, column by column
    op.create_table(
        "certificate_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("ca_account_id", sa.Uuid(), nullable=True),
        sa.Column("names", sa.ARRAY(sa.String(length=253)), nullable=False),
        sa.Column("csr", sa.LargeBinary(), nullable=False),
        sa.Column("csr_key_sha256", sa.String(length=64), nullable=False),
        sa.Column("challenge_type", sa.String(length=8), nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("phase_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_url", sa.Text(), nullable=True),
        sa.Column("finalize_url", sa.Text(), nullable=True),
        sa.Column("certificate_url", sa.Text(), nullable=True),
        sa.Column("profile", sa.String(length=64), nullable=True),
        sa.Column("replaces", sa.String(length=128), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("setback", sa.Boolean(), nullable=False),
        sa.Column("problem", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_action_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("challenge_type in ('HTTP_01', 'DNS_01')", name=op.f("ck_certificate_order_challenge_type")),
        sa.CheckConstraint(
            "state in ('REQUESTED', 'PENDING', 'VALIDATING', 'FINALIZING', 'VALID', 'INVALID')",
            name=op.f("ck_certificate_order_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_certificate_order_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.id"], name=op.f("fk_certificate_order_agent_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["ca_account_id"], ["ca_account.id"], name=op.f("fk_certificate_order_ca_account_id")),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificate.id"],
            name=op.f("fk_certificate_order_certificate_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_order")),
    )
    op.create_index("ix_certificate_order_account_id", "certificate_order", ["account_id", "id"], unique=False)
    op.create_index(
        "ix_certificate_order_agent_id",
        "certificate_order",
        ["agent_id"],
        unique=False,
        postgresql_where="agent_id is not null",
    )
    op.create_index(op.f("ix_certificate_order_certificate_id"), "certificate_order", ["certificate_id"], unique=False)
    op.create_index(
        "ix_certificate_order_due",
        "certificate_order",
        ["next_action_at"],
        unique=False,
        postgresql_where="next_action_at is not null",
    )
    op.create_index(
        "ix_certificate_order_open",
        "certificate_order",
        ["account_id"],
        unique=False,
        postgresql_where="ended_at is null",
    )


def _order_authorization() -> None:
    op.create_table(
        "order_authorization",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("wildcard", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["certificate_order.id"], name=op.f("fk_order_authorization_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_order_authorization")),
    )
    op.create_index("ix_order_authorization_url", "order_authorization", ["url"], unique=False, postgresql_using="hash")


def _order_challenge() -> None:
    op.create_table(
        "order_challenge",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("authorization_position", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("challenge_token", sa.String(length=256), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("validated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("responses", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("http_path", sa.Text(), nullable=True),
        sa.Column("http_content", sa.Text(), nullable=True),
        sa.Column("dns_name", sa.Text(), nullable=True),
        sa.Column("dns_value", sa.Text(), nullable=True),
        sa.Column("problem", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("type in ('HTTP_01', 'DNS_01')", name=op.f("ck_order_challenge_type")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["certificate_order.id"], name=op.f("fk_order_challenge_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("order_id", "authorization_position", "position", name=op.f("pk_order_challenge")),
    )


def _disclosure() -> None:
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.String(length=64)), nullable=False),
        sa.Column("names", sa.ARRAY(sa.String(length=253)), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_disclosure_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_disclosure_certificate_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["certificate_order.id"], name=op.f("fk_disclosure_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    op.create_index("ix_disclosure_account_id", "disclosure", ["account_id", "id"], unique=False)
    op.create_index("ix_disclosure_certificate_id", "disclosure", ["certificate_id"], unique=False)
    op.create_index("ix_disclosure_order_id", "disclosure", ["order_id"], unique=False)


def _acknowledgement() -> None:
    op.create_table(
        "acknowledgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind in ('certificate_authority', 'certificate_transparency')", name=op.f("ck_acknowledgement_kind")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_acknowledgement_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["certificate_order.id"], name=op.f("fk_acknowledgement_order_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
    )
    op.create_index("ix_acknowledgement_account_id", "acknowledgement", ["account_id", "kind", "version"], unique=False)
    op.create_index("ix_acknowledgement_order_id", "acknowledgement", ["order_id"], unique=False)
    op.create_index(
        "uq_acknowledgement_once",
        "acknowledgement",
        ["account_id", "version"],
        unique=True,
        postgresql_where="kind = 'certificate_authority'",
    )


def _installation() -> None:
    op.create_table(
        "installation",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("target_name", sa.String(length=253), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint_sha256", sa.String(length=64), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_installation_agent_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_installation_certificate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "target_name", name=op.f("pk_installation")),
    )
    op.create_index("ix_installation_certificate_id", "installation", ["certificate_id"], unique=False)
