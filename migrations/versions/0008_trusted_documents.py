"""Trusted documents: what programs of the operator and of holders ask, loaded beforehand and named by hash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.db.row_security import application_policies

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the application alone uses it."""
    op.create_table(
        "trusted_document",
        sa.Column("id", sa.String(length=71), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id ~ '^sha256:[0-9a-f]{64}$'", name=op.f("ck_trusted_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_document")),
    )
    op.create_index(op.f("ix_trusted_document_loaded_at"), "trusted_document", ["loaded_at"])
    for statement in application_policies("trusted_document"):
        op.execute(statement)
