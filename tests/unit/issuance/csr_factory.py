"""Requests for tests: right ones, and ones that break exactly one rule."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

REQUEST_VECTORS = Path(cryptography_vectors.__file__).parent / "x509" / "requests"


@cache
def p256_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def subject(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value, _validate=False) for oid, value in attributes])


def common_name(name: str) -> x509.Name:
    return subject((NameOID.COMMON_NAME, name))


def dns(*names: str) -> x509.SubjectAlternativeName:
    """Keep every byte as given: `DNSName` alone would refuse what the tests are about."""
    return x509.SubjectAlternativeName([x509.DNSName._init_without_validation(name) for name in names])


def make_csr(
    *names: str,
    alternatives: x509.SubjectAlternativeName | None = None,
    name: x509.Name | None = None,
    private_key: Any = None,
    algorithm: Any = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    attributes: tuple[tuple[x509.ObjectIdentifier, bytes], ...] = (),
) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name or x509.Name([]))
    wanted = alternatives if alternatives is not None else dns(*names) if names else None
    if wanted is not None:
        builder = builder.add_extension(wanted, critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for oid, value in attributes:
        builder = builder.add_attribute(oid, value)
    signed = builder.sign(private_key or p256_key(), algorithm if algorithm is not None else hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode("ascii")


def pem_of(der: bytes) -> str:
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM).decode("ascii")
