"""The delivered chain, judged before it is called good (RFC 8555 section 9.1, RFC 5280).

The rule: one guarded call touches every lazy field of every certificate; what leaves is re-encoded from what was
parsed, so that nothing but certificates can be in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.issuance.errors import CertificateRefused
from api.issuance.problems import own_problem

CHAIN_LIMIT: Final = 10
SIZE_LIMIT: Final = 256 * 1024
LONGEST_VALIDITY: Final = timedelta(days=398)
CLOCK_SKEW: Final = timedelta(hours=2)

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\r?\n?")


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A leaf that is what was ordered, with the chain to install."""

    der: bytes
    chain_pem: str
    """Leaf first, then each issuer in turn; no trust anchor is needed by servers, none is added."""
    serial_number: str
    """Lower-case hexadecimal, two digits per byte."""
    fingerprint_sha256: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    issuer_name: str


def check_chain(chain_pem: str, *, names: tuple[str, ...], public_key_sha256: str, now: datetime) -> IssuedCertificate:
    """Return the certificate, or raise `CertificateRefused` with what does not fit. Total for any text."""
    try:
        return _judge(_parse(chain_pem), names, public_key_sha256, now)
    except CertificateRefused:
        raise
    except Exception as error:  # lazy fields raise many kinds, all of them the authority's fault
        raise _refusal("A certificate of the chain is damaged.") from error


def _refusal(detail: str) -> CertificateRefused:
    return CertificateRefused(
        "The authority delivered something else than the certificate ordered. It was not stored; order again.",
        problem=own_problem("certificate-refused", detail),
    )


def _refuse(detail: str) -> NoReturn:
    raise _refusal(detail)


def _parse(chain_pem: str) -> list[x509.Certificate]:
    """Split strictly: certificates and nothing else, so that a private key in between is refused like any text."""
    if len(chain_pem) > SIZE_LIMIT:
        _refuse("The chain is too large.")
    found = _CERTIFICATE.findall(chain_pem)
    if not 1 <= len(found) <= CHAIN_LIMIT:
        _refuse(f"The chain has not between 1 and {CHAIN_LIMIT} certificates.")
    if _CERTIFICATE.sub("", chain_pem).strip():
        _refuse("There is text around the certificates of the chain.")
    return [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in found]


def _judge(
    chain: list[x509.Certificate], names: tuple[str, ...], public_key_sha256: str, now: datetime
) -> IssuedCertificate:
    for certificate in chain:
        _touch(certificate)
    leaf = chain[0]
    _check_leaf(leaf, names, public_key_sha256)
    _check_validity(leaf, now)
    for certificate, issuer in pairwise(chain):
        _check_link(certificate, issuer)
    return IssuedCertificate(
        der=leaf.public_bytes(Encoding.DER),
        chain_pem="".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in chain),
        serial_number=leaf.serial_number.to_bytes((leaf.serial_number.bit_length() + 7) // 8 or 1, "big").hex(),
        fingerprint_sha256=leaf.fingerprint(hashes.SHA256()).hex(),
        names=names,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        issuer_name=_issuer_name(leaf.issuer),
    )


def _touch(certificate: x509.Certificate) -> None:
    """Read what `cryptography` parses lazily; a fault raises here, inside the guard."""
    for field in ("subject", "issuer", "extensions", "signature_hash_algorithm", "serial_number", "version"):
        getattr(certificate, field)
    certificate.public_key()


def _check_leaf(leaf: x509.Certificate, names: tuple[str, ...], public_key_sha256: str) -> None:
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if sha256(spki).hexdigest() != public_key_sha256:
        _refuse("The certificate is for another key than the request.")
    alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    certified = alternatives.get_values_for_type(x509.DNSName)
    if {name.lower() for name in certified} != set(names) or len(certified) != len(alternatives):
        _refuse("The certificate is for other names than the request.")
    for extension in leaf.extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            _refuse("The certificate is an authority's own.")
        if isinstance(value, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.SERVER_AUTH not in value:
            _refuse("The certificate is not for servers.")


def _check_validity(leaf: x509.Certificate, now: datetime) -> None:
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if begin > now + CLOCK_SKEW or end <= now or not timedelta(0) < end - begin <= LONGEST_VALIDITY:
        _refuse("The certificate's validity is not as it should be.")


def _check_link(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception as error:  # InvalidSignature, ValueError, TypeError: the link does not hold
        raise _refusal("A certificate of the chain was not issued by the next one.") from error


def _issuer_name(issuer: x509.Name) -> str:
    common_names = issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common_names[0].value) if common_names else issuer.rfc4514_string()
