"""Buckets of cost, one row for each caller who spent something lately.

Unlogged: nothing is written ahead and nothing waits for the disk. A crash empties the table, which fills every bucket.
Half of each page stays free, so that an update stays on its page and touches no index.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.db.row_security import application_policies

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "charge",
        sa.Column("bucket", sa.LargeBinary(length=32), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_charge")),
        prefixes=["UNLOGGED"],
        postgresql_with={"fillfactor": "50"},
    )
    for statement in application_policies("charge"):
        op.execute(statement)
