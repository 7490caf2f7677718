"""Private keys: made here, kept here, shown nowhere (clause 3.3-a).

A key is a folder named by the SHA-256 of its public key; it appears whole, owner-only before its first byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sslm_agent.clock import Clock, stamp
from sslm_agent.durable import make_folder_whole, remove_folder
from sslm_agent.errors import HomeUnsafe
from sslm_agent.home import Home
from sslm_agent.stored import Stored

_PRIVATE_KEY_FILE = "private_key.pem"
_REQUEST_FILE = "request.pem"
_FACTS_FILE = "key.json"


class KeyType(StrEnum):
    """The key types every public CA accepts and the agent makes."""

    P256 = "p256"
    P384 = "p384"
    RSA2048 = "rsa2048"


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_MAKERS: dict[KeyType, Callable[[], PrivateKey]] = {
    KeyType.P256: lambda: ec.generate_private_key(ec.SECP256R1()),
    KeyType.P384: lambda: ec.generate_private_key(ec.SECP384R1()),
    KeyType.RSA2048: lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be told about a key."""

    public_key_sha256: str
    key_type: KeyType
    created_at: str


def public_key_hash(public_key: object) -> str:
    """Return the SHA-256 of the SubjectPublicKeyInfo in hexadecimal digits; an unknown kind of key has none."""
    if not isinstance(public_key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)):
        return ""
    information = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(information).hexdigest()


class KeyStore:
    """The keys of one home."""

    def __init__(self, home: Home) -> None:
        self._folder = home.keys

    def create(self, key_type: KeyType, names: tuple[str, ...], clock: Clock) -> KeyFacts:
        """Make a key and its CSR; after the return both are on the disk."""
        private_key = _MAKERS[key_type]()
        facts = KeyFacts(public_key_hash(private_key.public_key()), key_type, stamp(clock.now()))
        described = {"created_at": facts.created_at, "key_type": str(key_type)}
        make_folder_whole(
            self._folder / facts.public_key_sha256,
            {
                _PRIVATE_KEY_FILE: private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
                _REQUEST_FILE: _signing_request(private_key, names),
                _FACTS_FILE: json.dumps(described).encode(),
            },
        )
        return facts

    def request_pem(self, public_key_sha256: str) -> str:
        """Return the stored CSR, the same bytes each time."""
        return self._read(public_key_sha256, _REQUEST_FILE).decode("ascii")

    def private_key_pem(self, public_key_sha256: str) -> bytes:
        """Return the private key, for installing it and nothing else."""
        data = self._read(public_key_sha256, _PRIVATE_KEY_FILE)
        try:
            own_hash = public_key_hash(load_pem_private_key(data, password=None).public_key())
        except (ValueError, TypeError):
            own_hash = ""
        if own_hash != public_key_sha256:
            raise HomeUnsafe(
                f"The private key {public_key_sha256[:16]}… is damaged. Nothing was installed. "
                "Restore it from your backup, or order again with --start-over, which makes a new key."
            )
        return data

    def remove(self, public_key_sha256: str) -> None:
        """Delete a key that never got a certificate."""
        remove_folder(self._folder / public_key_sha256)

    def facts(self, public_key_sha256: str) -> KeyFacts:
        """Return what may be told about one key."""
        stored = Stored(self._folder / public_key_sha256 / _FACTS_FILE)
        try:
            key_type = KeyType(stored.text("key_type"))
        except ValueError:
            raise HomeUnsafe(f"The key {public_key_sha256[:16]}… is of an unknown type. Nothing was done.") from None
        return KeyFacts(public_key_sha256, key_type, stored.text("created_at"))

    def all(self) -> list[KeyFacts]:
        """Return all keys, the oldest first."""
        folders = [entry.name for entry in self._folder.iterdir() if not entry.name.startswith(".")]
        return sorted((self.facts(name) for name in folders), key=lambda facts: facts.created_at)

    def _read(self, public_key_sha256: str, name: str) -> bytes:
        try:
            return (self._folder / public_key_sha256 / name).read_bytes()
        except OSError as error:
            raise HomeUnsafe(
                f"The key {public_key_sha256[:16]}… is missing ({error.strerror}). Nothing was installed. "
                "Restore it from your backup, or order again with --start-over, which makes a new key."
            ) from error


def _signing_request(private_key: PrivateKey, names: tuple[str, ...]) -> bytes:
    """Sign a CSR whose names are in the SAN alone: no common name, so none is truncated (CABF BR 7.1.4.3)."""
    alternative_names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(alternative_names, critical=False)
    strong = isinstance(private_key, ec.EllipticCurvePrivateKey) and private_key.key_size > 256  # noqa: PLR2004 - P-384
    request = builder.sign(private_key, hashes.SHA384() if strong else hashes.SHA256())
    return request.public_bytes(Encoding.PEM)
