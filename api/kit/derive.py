"""Keys for single purposes, derived from the installation's one secret (HKDF, RFC 5869)."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LENGTH: Final = 32


def derive_secret(master: bytes, purpose: str) -> bytes:
    """Return the 32-byte secret of a purpose; another purpose's cannot be computed from it."""
    return HKDF(SHA256(), _LENGTH, salt=None, info=f"ssl-certificate-manager {purpose}".encode()).derive(master)
