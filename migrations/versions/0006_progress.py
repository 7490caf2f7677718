"""Triggers that announce what subscribers follow: ids on the channel `sslm_progress`, when the change commits.

A notice holds the kind, the row's id and its account's id, never a value. Columns that change without anybody seeing it
(leases, fencing tokens) announce nothing. The functions that look up the owner run as the owner of the tables, so that
they find it whoever wrote.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ORDER = ("state", "problem", "resume_at", "expires_at", "ended_at", "certificate_id")
_CERTIFICATE = ("revoked_at", "revocation_reason")
_INSTALLATION = ("certificate_id", "fingerprint_sha256", "installed_at")

_ANNOUNCE = """
create function announce_progress(kind text, row_id uuid, account_id uuid) returns void
language sql as $$
  select pg_notify('sslm_progress', json_build_object('kind', kind, 'id', row_id, 'account_id', account_id)::text)
$$
"""
_ROW = """
create function {table}_progress() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform announce_progress('{kind}', old.id, old.account_id);
  else
    perform announce_progress('{kind}', new.id, new.account_id);
  end if;
  return null;
end
$$
"""
_PART_OF_ORDER = """
create function order_part_progress() returns trigger language plpgsql
security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  perform announce_progress('order', o.id, o.account_id) from certificate_order o where o.id = new.order_id;
  return null;
end
$$
"""
_INSTALLED = """
create function installation_progress() returns trigger language plpgsql
security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if tg_op <> 'INSERT' then
    perform announce_progress('certificate', c.id, c.account_id) from certificate c where c.id = old.certificate_id;
  end if;
  if tg_op <> 'DELETE' then
    perform announce_progress('certificate', c.id, c.account_id) from certificate c where c.id = new.certificate_id;
  end if;
  return null;
end
$$
"""


def upgrade() -> None:
    """Create the functions and their triggers."""
    op.execute(_ANNOUNCE)
    op.execute(_ROW.format(table="certificate_order", kind="order"))
    op.execute(_ROW.format(table="certificate", kind="certificate"))
    op.execute(_PART_OF_ORDER)
    op.execute(_INSTALLED)
    _whenever("certificate_order", "certificate_order_progress", _ORDER)
    _whenever("certificate", "certificate_progress", _CERTIFICATE)
    _whenever("installation", "installation_progress", _INSTALLATION)
    for table in ("order_authorization", "order_challenge"):
        _on_update(table, "order_part_progress", ("status",))


def _whenever(table: str, function: str, columns: tuple[str, ...]) -> None:
    """Announce each new row, each removed one, and each change of these columns."""
    op.execute(
        f"create trigger {table}_comes_or_goes after insert or delete on {table} "
        f"for each row execute function {function}()"
    )
    _on_update(table, function, columns)


def _on_update(table: str, function: str, columns: tuple[str, ...]) -> None:
    old, new = (", ".join(f"{which}.{column}" for column in columns) for which in ("old", "new"))
    op.execute(
        f"create trigger {table}_changes after update of {', '.join(columns)} on {table} "
        f"for each row when (({old}) is distinct from ({new})) execute function {function}()"
    )
