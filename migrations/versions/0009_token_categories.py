"""What an API token does with a field whose data category it was not granted: refuse the operation, or null."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.db.row_security import reader_grants

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; tokens that exist refuse, as they did. The reader may show both halves of what was granted."""
    op.add_column(
        "api_token", sa.Column("on_missing_category", sa.String(length=6), server_default="refuse", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_api_token_on_missing_category"), "api_token", "on_missing_category in ('refuse', 'null')"
    )
    for statement in reader_grants("api_token", "categories", "on_missing_category"):
        op.execute(statement)
