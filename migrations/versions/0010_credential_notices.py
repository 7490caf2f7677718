"""Triggers that announce when a credential, or whoever it belongs to, is no longer what it was.

The channel is `sslm_credentials`, the payload the id of the session, API token, account or staff member. A process that
remembers a credential for some seconds forgets it then. Marks of use announce nothing; any other column does, those of
later migrations too. Sent when the change commits.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UNSEEN = {
    "session": "{last_used_at}",
    "api_token": "{last_used_at}",
    "staff": "{last_code_step}",
}
"""Columns that change without anything changing about what the credential may do."""


def upgrade() -> None:
    """Create the function and its triggers."""
    op.execute(
        """
        create function announce_credential() returns trigger language plpgsql as $$
        begin
            perform pg_notify('sslm_credentials', old.id::text);
            return null;
        end $$
        """
    )
    for table, unseen in UNSEEN.items():
        _announce(
            table,
            "update",
            f"to_jsonb(old) - '{unseen}'::text[] is distinct from to_jsonb(new) - '{unseen}'::text[]",
        )
        _announce(table, "delete")
    _announce("account", "update", "old.closed_at is distinct from new.closed_at")
    _announce("account", "delete")


def _announce(table: str, event: str, condition: str = "true") -> None:
    op.execute(
        f"create trigger {table}_{event}_announced after {event} on {table} for each row "
        f"when ({condition}) execute function announce_credential()"
    )
