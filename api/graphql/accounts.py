"""The account and what belongs to it: sessions and API tokens."""

from datetime import datetime

import strawberry

from api.graphql.nodes import Node
from api.graphql.personal import personal
from api.graphql.scopes import RequiresScope
from api.graphql.token_types import MissingCategory
from api.models import AccountRow, ApiTokenRow, SecurityEventRow, SessionId, SessionRow
from governance.ids import Pseudonym


@strawberry.type(
    description="Which mails about the service a holder wants.", directives=[RequiresScope(scope="account:read")]
)
class NotificationSettings:
    """The notification switches."""

    row: strawberry.Private[AccountRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    expiry: bool = personal.field(AccountRow.notify_expiry, description="Before a certificate expires.")
    failure: bool = personal.field(AccountRow.notify_failure, description="When an order or a renewal failed.")
    installation: bool = personal.field(
        AccountRow.notify_installation, description="When a certificate was issued or installed."
    )


@strawberry.type(description="A signed-in browser.", directives=[RequiresScope(scope="security:read")])
class Session(Node):
    """One session of the account."""

    row: strawberry.Private[SessionRow]
    current_id: strawberry.Private[SessionId | None]

    @personal.computed("a comparison with the caller's own session", description="Whether this is your session.")
    def current(self) -> bool:
        """Tell whether the caller uses this session."""
        return self.row.id == self.current_id

    address: str = personal.field(SessionRow.address, description="The address it was signed in from.")
    user_agent: str = personal.field(SessionRow.user_agent, description="What the browser called itself.")
    stay_signed_in: bool = personal.field(SessionRow.stay_signed_in, description="Whether it outlives the browser.")
    created_at: datetime = personal.field(SessionRow.created_at, description="When it began.")
    last_used_at: datetime = personal.field(SessionRow.last_used_at, description="When it was used, to the minute.")
    expires_at: datetime = personal.field(SessionRow.expires_at, description="When it ends by itself.")


@strawberry.type(
    description="An API token; its text is never shown again.", directives=[RequiresScope(scope="security:read")]
)
class ApiToken(Node):
    """One API token of the account or of one of its agents."""

    row: strawberry.Private[ApiTokenRow]

    name: str = personal.field(ApiTokenRow.name, description="What its owner calls it.")
    hint: str = personal.field(ApiTokenRow.hint, description="The first characters of its text, to tell tokens apart.")
    scopes: list[str] = personal.field(ApiTokenRow.scopes, description="What it may be used for.")
    categories: list[str] = personal.field(
        ApiTokenRow.categories, description="Which data it may show: categories, each with all below it; `user` is all."
    )
    on_missing_category: MissingCategory = personal.field(
        ApiTokenRow.on_missing_category, description="What happens to a field of another category."
    )
    created_at: datetime = personal.field(ApiTokenRow.created_at, description="When it was made.")
    expires_at: datetime | None = personal.field(ApiTokenRow.expires_at, description="When it ends; null for never.")
    last_used_at: datetime | None = personal.field(
        ApiTokenRow.last_used_at, description="When it was used, to the minute."
    )
    revoked_at: datetime | None = personal.field(ApiTokenRow.revoked_at, description="When it was revoked.")


@strawberry.type(description="Something that concerned your safety.", directives=[RequiresScope(scope="security:read")])
class SecurityEvent:
    """One security event; it ends after 90 days."""

    row: strawberry.Private[SecurityEventRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    kind: str = personal.field(SecurityEventRow.kind, description="What it was.")
    succeeded: bool = personal.field(SecurityEventRow.succeeded, description="Whether it went through.")
    address: str = personal.field(SecurityEventRow.address, description="Where it came from.")
    user_agent: str = personal.field(SecurityEventRow.user_agent, description="What the browser called itself.")
    at: datetime = personal.field(SecurityEventRow.at, description="When.")
