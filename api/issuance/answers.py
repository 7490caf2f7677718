"""From an HTTP answer to an event of the order machine.

The rule: nothing of an answer becomes an event unless all of it has the right shape and every URL in it is the
authority's own; otherwise `CaUnreachable` is raised, and `AcmeAuthority.perform` makes a `RequestFailed` of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.issuance.advice import advice
from api.issuance.errors import CaUnreachable
from api.issuance.order_messages import (
    AuthorizationAnswered,
    CertificateAnswered,
    ChallengeAnswered,
    DownloadCertificate,
    FetchAuthorization,
    FetchOrder,
    Finalize,
    NewOrder,
    OrderAnswered,
    RespondToChallenge,
)
from api.issuance.problems import own_problem, read_problem
from api.issuance.retry_after import read_retry_after
from api.issuance.transport import Answer, Origin
from api.issuance.wire import (
    AuthorizationDocument,
    ChallengeDocument,
    OrderDocument,
    authorization_from,
    decode,
    utc,
)

ALTERNATES_LIMIT: Final = 8

_ALTERNATE = re.compile(r"<([^<>]{1,2048})>\s*;[^,<]*\brel=\"?alternate\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Context:
    """Whose answer it is, and when it came."""

    origin: Origin
    now: datetime

    def retry_at(self, answer: Answer) -> datetime | None:
        """Read Retry-After in UTC."""
        return read_retry_after(answer.headers.get("Retry-After"), self.now)


def read_order(request: NewOrder | FetchOrder | Finalize, answer: Answer, url: str, context: Context) -> OrderAnswered:
    """Read an order object (RFC 8555 section 7.1.3)."""
    document, check = decode(answer.body, OrderDocument), context.origin.check
    return OrderAnswered(
        now=context.now,
        request=request,
        url=url,
        status=document.status,
        finalize_url=check(document.finalize),
        authorization_urls=tuple(check(each) for each in document.authorizations),
        expires_at=utc(document.expires),
        certificate_url=check(document.certificate) if document.certificate is not None else None,
        problem=read_problem(document.error) if document.error is not None else None,
        retry_at=context.retry_at(answer),
    )


def read_authorization(request: FetchAuthorization, answer: Answer, context: Context) -> AuthorizationAnswered:
    """Read an authorization object (section 7.1.4)."""
    document = decode(answer.body, AuthorizationDocument)
    authorization = authorization_from(document, request.url, context.origin)
    return AuthorizationAnswered(context.now, authorization, context.retry_at(answer))


def read_challenge(request: RespondToChallenge, answer: Answer, context: Context) -> ChallengeAnswered:
    """Read a challenge object (section 7.1.5)."""
    document = decode(answer.body, ChallengeDocument)
    problem = read_problem(document.error) if document.error is not None else None
    return ChallengeAnswered(context.now, request, document.status, problem, context.retry_at(answer))


def read_certificate(request: DownloadCertificate, answer: Answer, context: Context) -> CertificateAnswered:
    """Read a chain and where others are (section 7.4.2); neither is judged here."""
    links = ",".join(answer.headers.getall("Link", []))
    urls = _ALTERNATE.findall(links)[:ALTERNATES_LIMIT]
    alternates = tuple(context.origin.check(url) for url in urls)
    return CertificateAnswered(context.now, request, read_chain(answer), alternates)


def read_chain(answer: Answer) -> str:
    """Return the body as text; PEM is ASCII."""
    try:
        return answer.body.decode("ascii")
    except UnicodeDecodeError as error:
        problem = own_problem("protocol", "The certificate chain is not text.")
        raise CaUnreachable(advice(problem), problem=problem) from error
