"""The order machine's values as columns, and back: an exact round trip, nothing lost and nothing made up.

The rule: pure; the columns of `OrderRow` that are not the machine's (account, lease, fencing token) are not here.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from api.issuance.chain import IssuedCertificate
from api.issuance.challenges import dns_placement, http_placement
from api.issuance.order import Authorization, Challenge, ChallengeType, Order, Phase
from api.issuance.problems import Problem, clean

Columns = dict[str, Any]
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def problem_document(problem: Problem | None) -> Columns | None:
    """Return a problem as JSON holds it (`PROBLEM_KEYS`)."""
    document: Columns | None = msgspec.to_builtins(problem)
    return document


def read_problem_document(document: Mapping[str, Any] | None) -> Problem | None:
    """Return the problem that `problem_document` wrote."""
    return None if document is None else msgspec.convert(document, Problem)


def order_columns(order: Order) -> Columns:
    """Return the columns of `OrderRow` that hold the order itself."""
    return {
        "names": list(order.names),
        "csr": order.csr_der,
        "csr_key_sha256": order.public_key_sha256,
        "challenge_type": order.challenge_type.name,
        "phase": order.phase.value,
        "phase_since": order.phase_since,
        "state": order.state.value,
        "order_url": order.url,
        "finalize_url": order.finalize_url,
        "certificate_url": order.certificate_url,
        "profile": order.profile,
        "replaces": order.replaces,
        "attempts": order.attempts,
        "polls": order.polls,
        "setback": order.setback,
        "problem": problem_document(order.problem),
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "resume_at": order.next_action_at,
    }


def authorization_columns(authorization: Authorization) -> Columns:
    """Return the columns of `AuthorizationRow`, without its challenges."""
    return {
        "url": authorization.url,
        "name": authorization.name or None,
        "wildcard": authorization.wildcard,
        "status": authorization.status,
        "expires_at": authorization.expires_at,
    }


def challenge_columns(challenge: Challenge, name: str, account_thumbprint: str) -> Columns:
    """Return the columns of `ChallengeRow`, the values to place among them (RFC 8555 section 8)."""
    columns: Columns = {
        "type": challenge.type.name,
        "url": challenge.url,
        "challenge_token": challenge.challenge_token,
        "status": challenge.status,
        "validated_at": challenge.validated_at,
        "responses": challenge.responses,
        "confirmed": challenge.confirmed,
        "problem": problem_document(challenge.problem),
        "http_path": None,
        "http_content": None,
        "dns_name": None,
        "dns_value": None,
    }
    if challenge.type is ChallengeType.HTTP_01:
        http = http_placement(challenge.challenge_token, account_thumbprint)
        return columns | {"http_path": http.path, "http_content": http.content}
    dns = dns_placement(name, challenge.challenge_token, account_thumbprint)
    return columns | {"dns_name": dns.name, "dns_value": dns.value}


def certificate_columns(certificate: IssuedCertificate, public_key_sha256: str) -> Columns:
    """Return the columns of `CertificateRow` that come from the certificate."""
    return {
        "names": list(certificate.names),
        "serial_number": certificate.serial_number,
        "fingerprint_sha256": certificate.fingerprint_sha256,
        "public_key_sha256": public_key_sha256,
        "issuer_name": clean(certificate.issuer_name) or "",
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "chain_pem": certificate.chain_pem,
    }


def leaf_der(chain_pem: str) -> bytes:
    """Return the first certificate of a stored chain, byte for byte as it was delivered."""
    begin = chain_pem.index(_BEGIN) + len(_BEGIN)
    return b64decode("".join(chain_pem[begin : chain_pem.index(_END, begin)].split()))


def read_order(
    row: Mapping[str, Any], authorizations: Sequence[Authorization], certificate: IssuedCertificate | None
) -> Order:
    """Put the order together as the machine left it."""
    return Order(
        csr_der=row["csr"],
        names=tuple(row["names"]),
        public_key_sha256=row["csr_key_sha256"],
        challenge_type=ChallengeType[row["challenge_type"]],
        created_at=row["created_at"],
        phase=Phase(row["phase"]),
        next_action_at=row["resume_at"],
        phase_since=row["phase_since"],
        expires_at=row["expires_at"],
        url=row["order_url"],
        finalize_url=row["finalize_url"],
        certificate_url=row["certificate_url"],
        authorizations=tuple(authorizations),
        attempts=row["attempts"],
        polls=row["polls"],
        setback=row["setback"],
        problem=read_problem_document(row["problem"]),
        certificate=certificate,
        profile=row["profile"],
        replaces=row["replaces"],
    )


def read_authorization(row: Mapping[str, Any], challenges: Sequence[Challenge]) -> Authorization:
    """Return the authorization with its challenges in their places."""
    name: str = row["name"] or ""
    return Authorization(
        url=row["url"],
        identifier=name.removeprefix("*.") if row["wildcard"] else name,
        wildcard=row["wildcard"],
        status=row["status"],
        expires_at=row["expires_at"],
        challenges=tuple(challenges),
    )


def read_challenge(row: Mapping[str, Any]) -> Challenge:
    """Return the challenge."""
    validated_at: datetime | None = row["validated_at"]
    return Challenge(
        type=ChallengeType[row["type"]],
        url=row["url"],
        challenge_token=row["challenge_token"],
        status=row["status"],
        problem=read_problem_document(row["problem"]),
        validated_at=validated_at,
        responses=row["responses"],
        confirmed=row["confirmed"],
    )


def read_certificate(row: Mapping[str, Any]) -> IssuedCertificate:
    """Return the certificate of an order that ended well."""
    return IssuedCertificate(
        der=leaf_der(row["chain_pem"]),
        chain_pem=row["chain_pem"],
        serial_number=row["serial_number"],
        fingerprint_sha256=row["fingerprint_sha256"],
        names=tuple(row["names"]),
        not_before=row["not_before"],
        not_after=row["not_after"],
        issuer_name=row["issuer_name"],
    )
