"""Private keys in DER (X.690): PKCS#1, DSA, SEC 1, PKCS#8 plain and encrypted, and PKCS#12.

One rule: the shape decides, never a label. Only what holds or may hold a private key matches: certificates, requests,
revocation lists and public keys begin differently and pass.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

# Gives at least the next 24 octets from an offset, or what there is: a key in another spelling is decoded only
# where the decision lies, so that a megabyte of almost-keys costs no more than any other megabyte.
Octets = Callable[[int], bytes]

_SEQUENCE = 0x30
_INTEGER = 0x02
_OCTET_STRING = 0x04
_OBJECT_IDENTIFIER = 0x06

_LENGTH = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...)"
_OPENING = re.compile(
    rb"(?=\x30" + _LENGTH + rb"(?:\x02\x01[\x00-\x09][\x30\x02\x04]|\x30" + _LENGTH + rb"\x06))", re.DOTALL
)
_JAVA_KEY_STORE = re.compile(rb"(?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)\x00\x00\x00[\x01\x02]")

_PKCS5 = bytes.fromhex("2a864886f70d0105")  # 1.2.840.113549.1.5: password-based encryption, RFC 8018
_PKCS12_PBE = bytes.fromhex("2a864886f70d010c01")  # 1.2.840.113549.1.12.1: RFC 7292 appendix C
_PKCS7 = bytes.fromhex("2a864886f70d0107")  # 1.2.840.113549.1.7: the authenticated safe of a PFX
_PFX_VERSION = b"\x03"
_EC_VERSION = b"\x01"
_LONG_VALUE = 32
_ENCRYPTED_KEY_AT_LEAST = 65  # longer than any digest in a DigestInfo, which has the same shape
_EC_SCALAR = range(1, 97)


class _Element(NamedTuple):
    tag: int
    body: int
    length: int  # -1: indefinite

    @property
    def end(self) -> int:
        return self.body + self.length


def holds_private_key_der(data: bytes) -> bool:
    """Find a private key that begins anywhere in `data`; linear in its length."""
    if _JAVA_KEY_STORE.match(data):
        return True
    return any(begins_private_key_der(partial(_slice, data, at.start())) for at in _OPENING.finditer(data))


def begins_private_key_der(octets: Octets) -> bool:
    """Say whether a private key or a PFX begins at offset 0; what is given may end before the key does."""
    outer = _element(octets, 0)
    if outer is None or outer.tag != _SEQUENCE:
        return False
    first = _element(octets, outer.body)
    if first is None:
        return False
    if first.tag == _INTEGER and first.length == 1:
        return _after_version(octets, first)
    return first.tag == _SEQUENCE and _encrypted(octets, first)


def _after_version(octets: Octets, at: _Element) -> bool:
    second, version = _element(octets, at.end), octets(at.body)[:1]
    if second is None:
        return False
    if second.tag == _INTEGER:  # RSAPrivateKey (RFC 8017 A.1.2) or the same shape for DSA
        return second.length >= _LONG_VALUE
    if second.tag == _OCTET_STRING:  # ECPrivateKey (RFC 5915)
        return version == _EC_VERSION and second.length in _EC_SCALAR
    if second.tag != _SEQUENCE:
        return False
    if version == _PFX_VERSION and _object_identifier(octets, second).startswith(_PKCS7):
        return True
    return _one_asymmetric_key(octets, second)


def _one_asymmetric_key(octets: Octets, algorithm: _Element) -> bool:
    """PKCS#8 (RFC 5958): an octet string follows the algorithm, where a list or certificate has its issuer."""
    if algorithm.length < 0 or not _object_identifier(octets, algorithm):
        return False
    private_part = _element(octets, algorithm.end)
    return private_part is not None and private_part.tag == _OCTET_STRING


def _encrypted(octets: Octets, algorithm: _Element) -> bool:
    """EncryptedPrivateKeyInfo (RFC 5958 section 3); a public key has a bit string where this has an octet string."""
    identifier = _object_identifier(octets, algorithm)
    if not identifier:
        return False
    if identifier.startswith((_PKCS5, _PKCS12_PBE)):
        return True
    sealed = _element(octets, algorithm.end) if algorithm.length >= 0 else None
    return sealed is not None and sealed.tag == _OCTET_STRING and sealed.length >= _ENCRYPTED_KEY_AT_LEAST


def _object_identifier(octets: Octets, within: _Element) -> bytes:
    element = _element(octets, within.body)
    if element is None or element.tag != _OBJECT_IDENTIFIER or element.length < 1:
        return b""
    return octets(element.body)[: element.length]


def _element(octets: Octets, at: int) -> _Element | None:
    """Read one tag and length; long forms up to four bytes, indefinite length as BER writers of PFX use it."""
    head = octets(at)
    if len(head) < 2:  # noqa: PLR2004  a tag and a length
        return None
    tag, first = head[0], head[1]
    if first < 0x80:  # noqa: PLR2004  X.690 8.1.3.4
        return _Element(tag, at + 2, first)
    width = first & 0x7F
    if width == 0:
        return _Element(tag, at + 2, -1)
    if width > 4 or 2 + width > len(head):  # noqa: PLR2004
        return None
    return _Element(tag, at + 2 + width, int.from_bytes(head[2 : 2 + width], "big"))


def _slice(data: bytes, start: int, at: int) -> bytes:
    return data[start + at : start + at + 24]
