"""Is the chain the one that was ordered? Every check runs before a byte of it is stored under `live/`.

One rule: the files installed are written from parsed certificates, never from the bytes that came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from sslm_agent.errors import CertificateRefused
from sslm_agent.keys import public_key_hash

_LONGEST_CHAIN = 10
_CLOCK_DIFFERENCE = timedelta(minutes=5)
_PARSE_ERRORS = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the checks and the report need of a certificate."""

    serial_number: int
    fingerprint_sha256: str
    public_key_sha256: str
    names: frozenset[str]
    not_before: datetime
    not_after: datetime

    @property
    def serial(self) -> str:
        """The serial number in hexadecimal digits, which names the folder."""
        return f"{self.serial_number:x}"


@dataclass(frozen=True, slots=True)
class Chain:
    """A parsed chain, the leaf first."""

    leaf: Leaf
    certificates: tuple[x509.Certificate, ...]

    def pem(self) -> bytes:
        """Return leaf and intermediates."""
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self.certificates)

    def leaf_pem(self) -> bytes:
        """Return the leaf alone."""
        return self.certificates[0].public_bytes(Encoding.PEM)

    def issuers_pem(self) -> bytes:
        """Return the intermediates alone."""
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in self.certificates[1:])


def parse_chain(data: bytes) -> Chain:
    """Parse every lazy part inside one guarded call."""
    try:
        certificates = x509.load_pem_x509_certificates(data)
        return Chain(_leaf(certificates[0]), tuple(certificates))
    except _PARSE_ERRORS as error:
        raise _refused("it cannot be read as a chain of certificates") from error


def _leaf(certificate: x509.Certificate) -> Leaf:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    others = [name for name in names if not isinstance(name, x509.DNSName)]
    if others:
        raise ValueError("a name that is no DNS name")
    return Leaf(
        serial_number=certificate.serial_number,
        fingerprint_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        public_key_sha256=public_key_hash(certificate.public_key()),
        names=frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName)),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def check_chain(chain: Chain, *, names: tuple[str, ...], public_key_sha256: str, now: datetime) -> None:
    """Refuse a chain that is not for this key, these names and this moment, or whose links do not verify."""
    leaf = chain.leaf
    if leaf.public_key_sha256 != public_key_sha256:
        raise _refused("it is for another key than the one made for it here")
    if leaf.names != frozenset(names):
        raise _refused("its names are not exactly those ordered")
    if leaf.not_before > now + _CLOCK_DIFFERENCE:
        raise _refused("it is not valid yet (is the clock of this machine right?)")
    if leaf.not_after <= now:
        raise _refused("it has expired (is the clock of this machine right?)")
    try:
        _check_links(chain.certificates)
    except (*_PARSE_ERRORS, InvalidSignature) as error:
        raise _refused("a certificate of the chain was not signed by the next one") from error


def _check_links(certificates: tuple[x509.Certificate, ...]) -> None:
    if len(certificates) > _LONGEST_CHAIN:
        raise ValueError("too long")
    if certificates[0].issuer == certificates[0].subject and len(certificates[0].subject.rdns) > 0:
        raise ValueError("signed by itself")
    for certificate, issuer in pairwise(certificates):
        _check_is_authority(issuer)
        certificate.verify_directly_issued_by(issuer)


def _check_is_authority(certificate: x509.Certificate) -> None:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise ValueError("an issuer that is no authority") from None
    if not constraints.ca:
        raise ValueError("an issuer that is no authority")


def check_newer(chain: Chain, installed: Leaf | None) -> None:
    """Refuse to put an older certificate over a newer one; the same one again is fine."""
    if installed is not None and chain.leaf.not_before < installed.not_before:
        raise _refused("the one installed now is newer")


def _refused(reason: str) -> CertificateRefused:
    return CertificateRefused(
        f"The certificate received was refused: {reason}. It was not installed; what was served before still is. "
        "Run the command again with --start-over to order anew; if it happens twice, tell the operator of the server."
    )
