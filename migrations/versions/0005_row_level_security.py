"""The second wall: row-level security on every table, and what the reader role may read behind it."""

from __future__ import annotations

from alembic import op

from api.db.row_security import (
    application_policies,
    audit_policies,
    child_policies,
    person_policies,
    reader_grants,
    tenant_policies,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TENANT_TABLES = {
    "account": "id",
    "session": "account_id",
    "api_token": "account_id",
    "domain": "account_id",
    "agent": "account_id",
    "certificate": "account_id",
    "certificate_order": "account_id",
    "disclosure": "account_id",
    "acknowledgement": "account_id",
}
"""The column that names the account. Rows of staff (sessions, API tokens) name none, so the reader never sees them."""

PERSON_TABLES = {"data_subject": "id", "security_event": "data_subject_id"}

CHILD_TABLES = {
    "domain_validation": ("domain_id", "domain"),
    "installation": ("agent_id", "agent"),
    "order_authorization": ("order_id", "certificate_order"),
    "order_challenge": ("order_id", "certificate_order"),
    "revocation": ("certificate_id", "certificate"),
}

APPLICATION_TABLES = (
    "staff",
    "one_time_link",
    "recognised_device",
    "throttle",
    "delivery",
    "idempotency_key",
    "ca_account",
)

READABLE = {
    "account": (
        "id data_subject_id email email_verified_at display_name company_name country language time_zone display_mode "
        "notify_expiry notify_failure notify_installation age_statement_at plan created_at last_sign_in_at "
        "closed_at"
    ),
    "data_subject": "id pseudonym",
    "session": (
        "id account_id data_subject_id stay_signed_in user_agent address created_at last_used_at expires_at revoked_at"
    ),
    "api_token": (
        "id account_id data_subject_id agent_id name hint scopes created_at expires_at last_used_at revoked_at"
    ),
    "security_event": "id data_subject_id kind succeeded address user_agent at",
    "domain": "id account_id name name_unicode created_at",
    "domain_validation": "id domain_id authority method validated_at valid_until",
    "agent": "id account_id label host_name operating_system agent_version web_server created_at last_contact_at",
    "installation": "agent_id target_name certificate_id fingerprint_sha256 installed_at reported_at",
    "certificate": (
        "id account_id authority names serial_number fingerprint_sha256 issuer_name not_before not_after chain_pem "
        "created_at revoked_at revocation_reason"
    ),
    "certificate_order": (
        "id account_id agent_id certificate_id authority names challenge_type state problem created_at expires_at "
        "ended_at resume_at"
    ),
    "order_authorization": "order_id position name wildcard status expires_at",
    "order_challenge": (
        "order_id authorization_position position type status http_path http_content dns_name dns_value problem"
    ),
    "disclosure": "id account_id order_id certificate_id recipient fields names purpose at",
    "revocation": "id certificate_id",
    "acknowledgement": "id account_id order_id kind version",
}
"""What the schema shows of each table, its keys, and what predicates compare. A test compares it with the schema."""


def upgrade() -> None:
    """Put up the wall, then open the reader's windows in it."""
    statements: list[str] = []
    for table, by in TENANT_TABLES.items():
        statements += tenant_policies(table, by=by)
    for table, by in PERSON_TABLES.items():
        statements += person_policies(table, by=by)
    for table, (by, parent) in CHILD_TABLES.items():
        statements += child_policies(table, by=by, parent=parent)
    for table in APPLICATION_TABLES:
        statements += application_policies(table)
    for table in ("audit_event", "audit_sealed_part"):
        statements += audit_policies(table)
    for table, columns in READABLE.items():
        statements += reader_grants(table, *columns.split())
    for statement in statements:
        op.execute(statement)
