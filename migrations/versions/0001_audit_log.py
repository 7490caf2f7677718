"""The audit log: append-only, partitioned by month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from api.db.roles import audit_grants
from api.db.urls import APPLICATION

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _audit_event()
    _audit_sealed_part()
    _partitions()
    _grants()


def _audit_event() -> None:
    op.create_table(
        "audit_event",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Uuid(), nullable=True),
        sa.Column("data_subjects", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_audit_event")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_audit_event_actor", "audit_event", ["actor", "id"], unique=False)
    op.create_index(
        "ix_audit_event_data_subjects", "audit_event", ["data_subjects"], unique=False, postgresql_using="gin"
    )
    op.create_index("ix_audit_event_id", "audit_event", ["id"], unique=False)


def _audit_sealed_part() -> None:
    op.create_table(
        "audit_sealed_part",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("data_subject", sa.Uuid(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("at", "event_id", "data_subject", name=op.f("pk_audit_sealed_part")),
        postgresql_partition_by="RANGE (at)",
    )


def _partitions() -> None:
    """Create the function by which the application asks for coming months; it runs as the owner.

    Each partition gets the grants of its parent and no more. Called daily, and at start, for months ahead.
    """
    grants = "; ".join(audit_grants("%1$I")).replace("'", "''")
    op.execute(
        f"""
        create function audit_make_partitions(months_ahead integer) returns integer
        language plpgsql security definer set search_path = pg_catalog, public as $$
        declare
            parent text; partition text; month date; made integer := 0;
        begin
            perform pg_advisory_xact_lock(7306003);
            for i in 0 .. least(greatest(months_ahead, 0), 24) loop
                month := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i))::date;
                foreach parent in array array['audit_event', 'audit_sealed_part'] loop
                    partition := parent || '_' || to_char(month, 'YYYYMM');
                    continue when to_regclass('public.' || quote_ident(partition)) is not null;
                    execute format(
                        'create table public.%I partition of public.%I for values from (%L) to (%L)',
                        partition, parent, month || ' 00:00:00+00', (month + interval '1 month')::date || ' 00:00:00+00'
                    );
                    execute format('{grants}', partition);
                    made := made + 1;
                end loop;
            end loop;
            return made;
        end $$
        """
    )
    op.execute("revoke all on function audit_make_partitions(integer) from public")
    op.execute(f"grant execute on function audit_make_partitions(integer) to {APPLICATION}")
    op.execute("select audit_make_partitions(2)")


def _grants() -> None:
    for table in ("audit_event", "audit_sealed_part"):
        for statement in audit_grants(table):
            op.execute(statement)
