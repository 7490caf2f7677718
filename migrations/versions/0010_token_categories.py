"""What an API token does with a field whose data category it was not granted: refuse the operation, or null."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; tokens that exist refuse, as they did."""
    op.add_column(
        "api_token", sa.Column("on_missing_category", sa.String(length=6), server_default="refuse", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_api_token_on_missing_category"), "api_token", "on_missing_category in ('refuse', 'null')"
    )
