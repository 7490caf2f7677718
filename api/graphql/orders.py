"""Orders: authorizations, challenges with the exact values to place, and what was disclosed for them."""

from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.errors import CaProblem
from api.graphql.personal import personal
from api.graphql.problems import stored_problem
from api.graphql.scopes import RequiresScope
from api.models import AuthorizationRow, ChallengeRow, DisclosureRow
from governance.ids import Pseudonym

_READ = [RequiresScope(scope="certificates:read")]


@strawberry.enum(description="How a name is proved (RFC 8555 section 8).")
class ChallengeType(Enum):
    """Challenge types; the values are what is stored."""

    HTTP_01 = strawberry.enum_value("HTTP_01", description="A file at a well-known address on port 80.")
    DNS_01 = strawberry.enum_value("DNS_01", description="A TXT record; the only way to a wildcard.")


@strawberry.enum(description="Where an order stands.")
class OrderState(Enum):
    """Public states of an order."""

    REQUESTED = strawberry.enum_value("REQUESTED", description="Accepted here; being opened at the authority.")
    PENDING = strawberry.enum_value("PENDING", description="Waits for you to place the challenges.")
    VALIDATING = strawberry.enum_value("VALIDATING", description="The authority looks at what you placed.")
    FINALIZING = strawberry.enum_value("FINALIZING", description="The authority makes the certificate.")
    VALID = strawberry.enum_value("VALID", description="Issued.")
    INVALID = strawberry.enum_value("INVALID", description="Ended without a certificate; `problem` says why.")


@strawberry.type(description="One way to prove control over a name, with what to place.", directives=_READ)
class Challenge:
    """A challenge of an authorization."""

    row: strawberry.Private[ChallengeRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    type: ChallengeType = personal.field(ChallengeRow.type, description="Which way.")
    status: str = personal.field(ChallengeRow.status, description="The authority's status (RFC 8555, 7.1.6).")
    http_path: str | None = personal.field(
        ChallengeRow.http_path, description="http-01: the path to answer on port 80."
    )
    http_content: str | None = personal.field(ChallengeRow.http_content, description="http-01: the exact answer.")
    dns_name: str | None = personal.field(
        ChallengeRow.dns_name, description="dns-01: where the TXT record goes; it may be a CNAME to a delegated zone."
    )
    dns_value: str | None = personal.field(ChallengeRow.dns_value, description="dns-01: the exact text.")

    @personal.field(ChallengeRow.problem, description="Why the authority did not accept it.")
    def problem(self) -> CaProblem | None:
        """Read the stored problem document."""
        return stored_problem(self.row.problem)


@strawberry.type(description="A name of an order that must be proved (RFC 8555 section 7.1.4).", directives=_READ)
class Authorization:
    """An authorization with its challenges."""

    row: strawberry.Private[AuthorizationRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    challenge_rows: strawberry.Private[list[ChallengeRow]]
    name: str | None = personal.field(AuthorizationRow.name, description="The name; null until the authority told it.")
    wildcard: bool = personal.field(AuthorizationRow.wildcard, description="Whether it is for a wildcard.")
    status: str = personal.field(AuthorizationRow.status, description="The authority's status (RFC 8555, 7.1.6).")
    expires_at: datetime | None = personal.field(AuthorizationRow.expires_at, description="When the proof ends.")

    @strawberry.field(description="The ways the order may use.")
    def challenges(self) -> list[Challenge]:
        """Return the challenges in their order."""
        return [Challenge(row=row, about=self.about) for row in self.challenge_rows]


@strawberry.type(description="What left for a recipient, when, and why (clause 4.1-b).", directives=_READ)
class Disclosure:
    """One disclosure."""

    row: strawberry.Private[DisclosureRow]
    about: strawberry.Private[tuple[Pseudonym, ...]]
    recipient: str = personal.field(DisclosureRow.recipient, description="Who received it.")
    fields: list[str] = personal.field(DisclosureRow.fields, description="What was sent, by the names of the protocol.")
    names: list[str] = personal.field(DisclosureRow.names, description="Exactly the domain names that were sent.")
    purpose: str = personal.field(DisclosureRow.purpose, description="What for.")
    at: datetime = personal.field(DisclosureRow.at, description="Written before it was sent.")
