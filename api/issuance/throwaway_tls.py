"""TLS files for a server on the loopback address: a root that is forgotten at once, and one certificate of it.

The rule: the root's private key is never written; nothing made here is for a holder or leaves the machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME: Final = timedelta(days=30)
OWNER_ONLY: Final = 0o600


def write_throwaway_tls(folder: Path, now: datetime) -> None:
    """Write `tls-root.pem`, `tls.pem`, `tls.key` (owner only) for localhost and 127.0.0.1, valid a month from `now`."""
    root_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throw-away root of this machine")])
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    root = _builder(root_name, root_name, root_key, now).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())
    root_certificate = root.add_extension(identifier, critical=False).sign(root_key, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    server = _builder(server_name, root_name, server_key, now).add_extension(names, critical=False)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    certificate = server.add_extension(authority, critical=False).sign(root_key, hashes.SHA256())
    (folder / "tls-root.pem").write_bytes(root_certificate.public_bytes(Encoding.PEM))
    (folder / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    key_path = folder / "tls.key"
    key_path.touch(mode=OWNER_ONLY)
    key_path.write_bytes(server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _builder(
    subject: x509.Name, issuer: x509.Name, private_key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )
