"""Errors as data: what a mutation could not do, with a code to branch on and a text to show."""

from datetime import datetime
from typing import Any, Final

import strawberry

from api.graphql.personal import personal
from api.issuance.errors import IssuanceError
from api.issuance.problems import Problem
from api.kit.errors import AccessDenied, Conflict, InvalidInput, NotFound, RateLimited
from governance.errors import SafeError

_WORDS: Final = "words of the program and names of the caller's own input; nothing stored"
_PART: Final = "part of a document that the field leading to it discloses"
_TEXT: Final = "What happened, what did not, and what to do next; fit to be shown."


@strawberry.type(description="A part of a certificate authority's problem that concerns one name (RFC 8555, 6.7.1).")
class CaSubproblem:
    """A subproblem."""

    type: str = personal.computed(_PART, description="The error's type.")
    detail: str | None = personal.computed(_PART, description="The authority's own words.")
    identifier: str | None = personal.computed(_PART, description="The name it is about.")


@strawberry.type(description="A certificate authority's problem document (RFC 7807, RFC 8555 section 6.7).")
class CaProblem:
    """A problem document."""

    type: str = personal.computed(_PART, description="The error's type, such as `urn:ietf:params:acme:error:dns`.")
    status: int | None = personal.computed(_PART, description="The HTTP status it came with.")
    detail: str | None = personal.computed(_PART, description="The authority's own words.")
    advice: str = personal.computed(_PART, description="What to change, and when the next try is.")
    retry_at: datetime | None = personal.computed(_PART, description="When the authority says to come back.")
    subproblems: list[CaSubproblem] = strawberry.field(description="Problems by name.")


@strawberry.interface(description="Why a mutation did not do what was asked.")
class UserError:
    """The common part of every error."""

    code: str = personal.computed(_WORDS, description="Stable; each code has a page in the documentation.")
    message: str = personal.computed(_WORDS, description=_TEXT)
    field: list[str] = personal.computed(
        _WORDS, description="The path of the input at fault; empty if it is none of them."
    )
    retry_at: datetime | None = personal.computed(
        _WORDS, description="When the same call may succeed without a change."
    )


@strawberry.type(name="InvalidInput", description="The input breaks a rule.")
class InvalidInputError(UserError):
    """An input error."""

    rule: str | None = personal.computed(_WORDS, description="The rule's name, in words joined by hyphens.")


@strawberry.type(name="NotFound", description="No such thing, or not yours; the two are told apart nowhere.")
class NotFoundError(UserError):
    """A missing thing."""


@strawberry.type(name="AccessDenied", description="You lack a grant; nothing was changed.")
class AccessDeniedError(UserError):
    """A refusal."""

    missing: list[str] = personal.computed(_WORDS, description="The grants that are lacking.")


@strawberry.type(name="Conflict", description="The present state forbids it; nothing was changed.")
class ConflictError(UserError):
    """A conflict."""


@strawberry.type(name="RateLimited", description="Too often; come back at `retryAt`.")
class RateLimitedError(UserError):
    """A limit."""


@strawberry.type(description="The certificate authority refused or could not be reached.")
class IssuanceFailure(UserError):
    """A failure at the authority."""

    problem: CaProblem | None = strawberry.field(description="The authority's problem document, if it sent one.")


@strawberry.type(name="OtherError", description="Something else stood in the way.")
class OtherError(UserError):
    """Any other safe error."""


ERROR_TYPES: Final = (
    InvalidInputError,
    NotFoundError,
    AccessDeniedError,
    ConflictError,
    RateLimitedError,
    IssuanceFailure,
    OtherError,
)


def as_data(error: SafeError) -> UserError:
    """Return the typed error for one that may be shown."""
    common: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "field": list(error.field),
        "retry_at": error.retry_at,
    }
    if isinstance(error, IssuanceError):
        return IssuanceFailure(**common, problem=ca_problem(error.problem))
    if isinstance(error, InvalidInput):
        return InvalidInputError(**common, rule=error.rule or None)
    if isinstance(error, AccessDenied):
        return AccessDeniedError(**common, missing=list(error.missing))
    plain = {NotFound: NotFoundError, Conflict: ConflictError, RateLimited: RateLimitedError}
    for kind, made in plain.items():
        if isinstance(error, kind):
            return made(**common)
    return OtherError(**common)


def ca_problem(problem: Problem | None) -> CaProblem | None:
    """Return a stored problem document as data."""
    if problem is None:
        return None
    return CaProblem(
        type=problem.type,
        status=problem.status,
        detail=problem.detail,
        advice=IssuanceError.of(problem).message,
        retry_at=problem.retry_at,
        subproblems=[
            CaSubproblem(type=part.type, detail=part.detail, identifier=part.identifier) for part in problem.subproblems
        ],
    )
