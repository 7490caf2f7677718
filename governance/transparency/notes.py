"""Signed notes (C2SP signed-note) with Ed25519: a text that is worth nothing until a known key's signature verified."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from governance.transparency.errors import ProofRefused

_ED25519: Final = b"\x01"
_DASH: Final = "— "
_NOTE_LIMIT: Final = 1_000_000
_SIGNATURE_LIMIT: Final = 64


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and its name."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four octets by which signatures name the key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        """Return the key in the text form that other implementations read: name, id and key, joined by plus signs."""
        encoded = base64.b64encode(_ED25519 + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read the text form. Raises `ProofRefused`."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        key = cls(name, _decoded(encoded)[1:])
        if not name or _decoded(encoded)[:1] != _ED25519 or key.key_id.hex() != key_id:
            raise ProofRefused("A public key is not in the form name+id+key of an Ed25519 key, or its id is wrong.")
        return key


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key and its name."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw())

    def signature_line(self, text: str) -> str:
        """Return the line that signs a note of this text."""
        signature = self.verifier.key_id + self.private_key.sign(text.encode())
        return f"{_DASH}{self.name} {base64.b64encode(signature).decode()}\n"


def sign_note(text: str, *signers: SignerKey) -> str:
    """Return the note: its text, which ends a line, and a signature by each key."""
    if not text.endswith("\n") or not signers:
        raise ValueError("a note is a text that ends with a newline, and is signed")
    return text + "\n" + "".join(signer.signature_line(text) for signer in signers)


def open_note(note: str, known: Collection[VerifierKey]) -> tuple[str, list[VerifierKey]]:
    """Return the text of a note and the known keys that signed it, at least one.

    Raises `ProofRefused`: no known key signed it, or a signature by one does not verify.
    """
    if len(note) > _NOTE_LIMIT:
        raise ProofRefused("A signed note is too long.")
    text, found, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines()
    if not found or not lines or len(lines) > _SIGNATURE_LIMIT or not note.endswith("\n"):
        raise ProofRefused("A signed note has no signatures in the form of a note.")
    text += "\n"
    signed_by: list[VerifierKey] = []
    for line in lines:
        name, signature = _signature(line)
        for key in known:
            if key.name == name and key.key_id == signature[:4]:
                _check(key, signature[4:], text)
                signed_by.append(key)
    if not signed_by:
        raise ProofRefused("A signed note carries no signature of a known key, so nothing in it counts.")
    return text, signed_by


def _signature(line: str) -> tuple[str, bytes]:
    dash, name, encoded = line[: len(_DASH)], *line[len(_DASH) :].rpartition(" ")[::2]
    signature = _decoded(encoded)
    if dash != _DASH or not name or len(signature) < len(_ED25519) + 4:
        raise ProofRefused("A signature line of a note is malformed.")
    return name, signature


def _check(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        raise ProofRefused(f"The signature by {key.name} does not verify: the note was altered.") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ProofRefused("A note holds text that is no base64.") from None
