"""Wrapped content keys, one for each data subject."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "content_key",
        sa.Column("data_subject_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("data_subject_id", name=op.f("pk_content_key")),
        sa.UniqueConstraint("wrapped_key", name="uq_content_key_wrapped_key"),
    )
