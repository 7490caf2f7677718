"""The job queue's own tables and functions, as its library defines them at the pinned version.

A later version of the library brings migrations of its own; each becomes a revision here.
"""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.util import await_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the library's script in the migration's transaction; it holds many statements, so the driver runs it."""
    driver = op.get_bind().connection.driver_connection
    await_only(driver.execute(SchemaManager.get_schema()))
