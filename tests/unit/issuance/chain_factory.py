"""A tiny authority that signs real chains, and wrong ones on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@cache
def _issuer_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Wanted:
    """What the leaf shall be; the defaults are right."""

    names: tuple[str, ...]
    public_key_der: bytes
    begin: datetime = NOW - timedelta(hours=1)
    end: datetime = NOW + timedelta(days=90)
    is_authority: bool = False
    uses: tuple[Any, ...] = (ExtendedKeyUsageOID.SERVER_AUTH,)
    issuers: tuple[str, ...] = ("Intermediate",)
    signed_by: str = "Intermediate"
    more_names: list[x509.GeneralName] = field(default_factory=list)


def wanted_by(csr_der: bytes, names: tuple[str, ...], **changes: Any) -> Wanted:
    public_key = x509.load_der_x509_csr(csr_der).public_key()
    return Wanted(names, public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), **changes)


def make_chain(wanted: Wanted) -> str:
    """Return leaf and intermediates; each intermediate is signed by the next, the last by a root left out."""
    pems = [_leaf(wanted)]
    for name, issuer in zip(wanted.issuers, [*wanted.issuers[1:], "Root"], strict=False):
        pems.append(_intermediate(name, issuer))
    return "".join(pems)


def _leaf(wanted: Wanted) -> str:
    alternatives = [*(x509.DNSName(name) for name in wanted.names), *wanted.more_names]
    builder = _builder("", wanted.issuers[0] if wanted.issuers else "Root", load_der_public_key(wanted.public_key_der))
    builder = builder.not_valid_before(wanted.begin).not_valid_after(wanted.end)
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(wanted.uses), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=wanted.is_authority, path_length=None), critical=True)
    return _signed(builder, wanted.signed_by)


def _intermediate(name: str, issuer: str) -> str:
    builder = _builder(name, issuer, _issuer_key(name).public_key())
    builder = builder.not_valid_before(NOW - timedelta(days=9)).not_valid_after(NOW + timedelta(days=999))
    return _signed(builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True), issuer)


def _builder(name: str, issuer: str, public_key: Any) -> x509.CertificateBuilder:
    subject_name = _name(name) if name else x509.Name([])
    builder = x509.CertificateBuilder().subject_name(subject_name).issuer_name(_name(issuer))
    return builder.public_key(public_key).serial_number(x509.random_serial_number())


def _signed(builder: x509.CertificateBuilder, signed_by: str) -> str:
    certificate = builder.sign(_issuer_key(signed_by), hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM).decode("ascii")
