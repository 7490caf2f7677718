"""A small certificate authority of three tiers, for chains that verify and for chains that must not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

PrivateKey = ec.EllipticCurvePrivateKey
TODAY = datetime.now(UTC).replace(microsecond=0)


def subject_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def sign(
    public_key: object,
    subject: x509.Name,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    *,
    authority: bool,
    names: Sequence[str] = (),
    not_before: datetime = TODAY - timedelta(hours=1),
    lifetime: timedelta = timedelta(days=90),
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + lifetime)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=not list(subject))
    return builder.sign(issuer_key, hashes.SHA256())


class Authority:
    """Root and intermediate; `issue` answers a public key with leaf and intermediate."""

    def __init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.key = ec.generate_private_key(ec.SECP256R1())
        root, intermediate = subject_name("Test Root"), subject_name("Test Intermediate")
        self.root = sign(
            self.root_key.public_key(), root, root, self.root_key, authority=True, lifetime=timedelta(days=9000)
        )
        self.intermediate = sign(
            self.key.public_key(), intermediate, root, self.root_key, authority=True, lifetime=timedelta(days=900)
        )

    def leaf(
        self,
        public_key: object,
        names: Sequence[str],
        *,
        not_before: datetime = TODAY - timedelta(hours=1),
        lifetime: timedelta = timedelta(days=90),
    ) -> x509.Certificate:
        return sign(
            public_key,
            x509.Name([]),
            self.intermediate.subject,
            self.key,
            authority=False,
            names=names,
            not_before=not_before,
            lifetime=lifetime,
        )

    def issue(
        self,
        public_key: object,
        names: Sequence[str],
        *,
        not_before: datetime = TODAY - timedelta(hours=1),
        lifetime: timedelta = timedelta(days=90),
    ) -> bytes:
        return pem(self.leaf(public_key, names, not_before=not_before, lifetime=lifetime), self.intermediate)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


@cache
def authority() -> Authority:
    return Authority()
