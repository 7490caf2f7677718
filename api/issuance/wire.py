"""The authority's JSON, read strictly (RFC 8555 section 7.1).

The rule: what has not the shape of the RFC is refused whole, before any part of it is used or stored; fields we do
not know are passed over.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from api.issuance.advice import advice
from api.issuance.errors import CaUnreachable
from api.issuance.order_values import Authorization, Challenge, ChallengeType
from api.issuance.problems import Problem, own_problem, read_problem
from api.issuance.transport import Origin

CHALLENGES_LIMIT: Final = 20

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Word = Annotated[str, msgspec.Meta(max_length=64)]
Document = TypeVar("Document")

# RFC 8555 section 8.3: base64url with at least 128 bits. The value becomes a file name, so nothing else may pass.
_CHALLENGE_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,256}\Z")


class DirectoryDocument(msgspec.Struct):
    """Section 7.1.1."""

    newNonce: str  # noqa: N815 - the names of the RFC
    newAccount: str  # noqa: N815
    newOrder: str  # noqa: N815
    revokeCert: str  # noqa: N815
    renewalInfo: str | None = None  # noqa: N815
    meta: dict[str, Any] = {}


class OrderDocument(msgspec.Struct):
    """Section 7.1.3."""

    status: Word
    finalize: str
    authorizations: list[str]
    expires: Moment | None = None
    certificate: str | None = None
    error: dict[str, Any] | None = None


class IdentifierDocument(msgspec.Struct):
    """Section 7.1.4; `type` is "dns" for everything ordered here."""

    type: Word
    value: Annotated[str, msgspec.Meta(max_length=253)]


class ChallengeDocument(msgspec.Struct):
    """Section 7.1.5."""

    type: Word
    url: str
    status: Word
    token: str | None = None
    validated: Moment | None = None
    error: dict[str, Any] | None = None


class AuthorizationDocument(msgspec.Struct):
    """Section 7.1.4."""

    identifier: IdentifierDocument
    status: Word
    challenges: Annotated[list[ChallengeDocument], msgspec.Meta(max_length=CHALLENGES_LIMIT)]
    expires: Moment | None = None
    wildcard: bool = False


def decode(body: bytes, kind: type[Document]) -> Document:
    """Decode an object of one kind; raise `CaUnreachable` for anything else, however deep or odd."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        problem = own_problem("protocol", "The authority's answer is not what RFC 8555 describes.")
        raise CaUnreachable(advice(problem), problem=problem) from error


def decode_problem(body: bytes, status: int, retry_at: datetime | None) -> Problem:
    """Read a problem document; a body that is none still gives a problem with its status."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        document = None
    return read_problem(document, status=status, retry_at=retry_at)


def authorization_from(document: AuthorizationDocument, url: str, origin: Origin) -> Authorization:
    """Make our value; challenges of kinds unknown here are left out."""
    known = [_challenge_from(each, origin) for each in document.challenges if each.type in _KINDS]
    return Authorization(
        url=url,
        identifier=document.identifier.value.lower(),
        wildcard=document.wildcard,
        status=document.status,
        expires_at=utc(document.expires),
        challenges=tuple(known),
    )


_KINDS: Final = frozenset(kind.value for kind in ChallengeType)


def _challenge_from(document: ChallengeDocument, origin: Origin) -> Challenge:
    if document.token is None or not _CHALLENGE_TOKEN.match(document.token):
        problem = own_problem("protocol", "A challenge has no token, or one that RFC 8555 does not allow.")
        raise CaUnreachable(advice(problem), problem=problem)
    return Challenge(
        type=ChallengeType(document.type),
        url=origin.check(document.url),
        challenge_token=document.token,
        status=document.status,
        problem=read_problem(document.error) if document.error is not None else None,
        validated_at=utc(document.validated),
    )


def utc(moment: datetime | None) -> datetime | None:
    """Turn any zone into UTC; moments at the edge of the calendar count as told by nobody."""
    try:
        return None if moment is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
