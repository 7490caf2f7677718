"""Certificates by name: a row for each name, written by the database with its certificate.

An index on the list of names cannot be used behind row-level security (its operator is not leakproof), and gives no
order; this table gives the newest certificates of a name in the order of its key.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.db.row_security import reader_grants, tenant_policies

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, fill it from what is there, and keep it."""
    op.create_table(
        "certificate_name",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=253, collation="C"), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_certificate_name_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_name_certificate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "name", "certificate_id", name=op.f("pk_certificate_name")),
    )
    op.create_index("ix_certificate_name_certificate_id", "certificate_name", ["certificate_id"])
    for statement in (
        *tenant_policies("certificate_name", by="account_id"),
        *reader_grants("certificate_name", "account_id", "name", "certificate_id"),
    ):
        op.execute(statement)
    op.execute(
        """
        insert into certificate_name (account_id, name, certificate_id)
        select distinct account_id, unnest(names), id from certificate
        """
    )
    op.execute(
        """
        create function name_certificate() returns trigger language plpgsql as $$
        begin
            insert into certificate_name (account_id, name, certificate_id)
            select distinct new.account_id, unnest(new.names), new.id;
            return null;
        end $$
        """
    )
    op.execute(
        "create trigger certificate_insert_named after insert on certificate "
        "for each row execute function name_certificate()"
    )
    op.drop_index("ix_certificate_names", table_name="certificate")
