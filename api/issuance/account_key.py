"""The key of our account with an authority (RFC 8555 section 7.3): P-256, signing ES256 (RFC 7518 section 3.4).

The rule: it is the platform's own key, never one of a holder, and it leaves this object only through `to_pem`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from josepy.jwk import JWKEC

_COORDINATE = 32


class CaAccountKey:
    """Signs for one account. Make it with `generate` or `from_pem`."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self._algorithm = ec.ECDSA(hashes.SHA256())
        public_jwk = JWKEC(key=private_key.public_key())
        self.jwk: dict[str, str] = {name: str(value) for name, value in public_jwk.to_json().items()}
        self.thumbprint: str = unpadded(public_jwk.thumbprint())
        """RFC 7638, as it stands behind the dot of every key authorization."""

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> Self:
        """Read what `to_pem` wrote; raise ValueError for any other key."""
        private_key = load_pem_private_key(pem, password=None)
        if not isinstance(private_key, ec.EllipticCurvePrivateKey) or private_key.curve.name != "secp256r1":
            raise ValueError("an account key is an unencrypted P-256 key")
        return cls(private_key)

    def to_pem(self) -> bytes:
        """Return the key in clear (PKCS #8); whoever stores it seals it first."""
        return self._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, message: bytes) -> bytes:
        """Return r and s, 32 bytes each, as JWS wants them."""
        first, second = decode_dss_signature(self._private_key.sign(message, self._algorithm))
        return first.to_bytes(_COORDINATE, "big") + second.to_bytes(_COORDINATE, "big")


def unpadded(octets: bytes) -> str:
    """Encode as base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
