"""The gate for certificate signing requests (PKCS #10, RFC 2986): everything an authority would refuse, refused here.

The rule: one guarded call touches every lazy field of the request; after it nothing can fail, and before it
nothing was logged, stored or sent. No message repeats anything of the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NoReturn

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AttributeOID, NameOID, ObjectIdentifier
from cryptography.x509.oid import SignatureAlgorithmOID as Signature

from api.issuance.csr_extensions import read_alternative_names
from api.issuance.errors import CsrRefused
from api.issuance.public_keys import describe_public_key
from api.kit.secrets import FIXED_REFUSAL, contains_private_key

SIZE_LIMIT: Final = 384 * 1024
COMMON_NAME_LIMIT: Final = 64

_FRAME = re.compile(
    r"\s*-----BEGIN (?P<kind>(?:NEW )?CERTIFICATE REQUEST)-----\r?\n"
    r"(?P<body>[A-Za-z0-9+/=\r\n]+?)\r?\n?-----END (?P=kind)-----\s*\Z",
    re.ASCII,
)
_BEGIN = re.compile(r"-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----")

_STRONG: Final = frozenset({
    Signature.RSA_WITH_SHA256, Signature.RSA_WITH_SHA384, Signature.RSA_WITH_SHA512,
    Signature.ECDSA_WITH_SHA256, Signature.ECDSA_WITH_SHA384, Signature.ECDSA_WITH_SHA512,
})  # fmt: skip
_WEAK: Final = frozenset({
    ObjectIdentifier("1.2.840.113549.1.1.2"), ObjectIdentifier("1.2.840.113549.1.1.3"),  # RSA with MD2, with MD4
    Signature.RSA_WITH_MD5, Signature.RSA_WITH_SHA1, ObjectIdentifier("1.3.14.3.2.29"), Signature.RSA_WITH_SHA224,
    Signature.ECDSA_WITH_SHA1, Signature.ECDSA_WITH_SHA224, Signature.DSA_WITH_SHA1, Signature.DSA_WITH_SHA224,
})  # fmt: skip
_EMAIL_ADDRESS: Final = NameOID.EMAIL_ADDRESS


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """A request that passed the gate: only what is needed to order, with nothing lazy left in it."""

    der: bytes
    names: tuple[str, ...]
    """A-labels in lower case, sorted, without repeats; wildcards as `*.example.com`."""
    public_key_sha256: str
    """SHA-256 of the SubjectPublicKeyInfo in hexadecimal: says which key without being one."""
    key_description: str


def read_csr(pem: str) -> CertificateRequest:
    """Read exactly one request in PEM; raise `CsrRefused` with the rule it breaks first. Total for any text."""
    _check_frame(pem)
    return _guarded(_load(pem.strip().encode("ascii")))


def _refuse(rule: str, message: str) -> NoReturn:
    raise CsrRefused(message, rule=rule)


def _malformed() -> CsrRefused:
    return CsrRefused("The request is damaged or wrongly encoded. Make it again with a current tool.", rule="malformed")


def _check_frame(pem: str) -> None:
    if len(pem) > SIZE_LIMIT:
        _refuse("too-large", f"A request has at most {SIZE_LIMIT} characters; send the request alone.")
    if contains_private_key(pem):
        _refuse("private-key", FIXED_REFUSAL)
    if not pem.strip():
        _refuse("empty", "The certificate signing request is missing.")
    found = len(_BEGIN.findall(pem))
    if found == 0:
        _refuse("not-a-request", "Send a request in PEM form: it begins with -----BEGIN CERTIFICATE REQUEST-----.")
    if found > 1:
        _refuse("two-requests", "Send one request at a time.")
    if not _FRAME.match(pem):
        _refuse("surrounding-text", "Send the request alone: no text before, inside or after it.")


def _load(pem: bytes) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(pem)
    except x509.InvalidVersion as error:
        raise CsrRefused("The request has a version other than 1 (RFC 2986).", rule="version") from error
    except Exception as error:  # any fault of the parser means the same to the sender
        raise _malformed() from error


def _guarded(request: x509.CertificateSigningRequest) -> CertificateRequest:
    """Touch every lazy field; whatever the parser throws becomes one refusal."""
    try:
        return _judge(request)
    except CsrRefused:
        raise
    except Exception as error:  # lazy fields raise many kinds, all of them the sender's fault
        raise _malformed() from error


def _judge(request: x509.CertificateSigningRequest) -> CertificateRequest:
    _check_signature_algorithm(request)
    public_key = _public_key(request)
    description = describe_public_key(public_key)
    if not request.is_signature_valid:
        _refuse("signature", "The signature does not fit the request: it was changed after signing. Make it again.")
    der = request.public_bytes(Encoding.DER)
    if not der.endswith(b"\x00" + request.signature):  # a BIT STRING with unused bits: a signature is whole octets
        raise _malformed()
    _check_attributes(request.attributes)
    names = read_alternative_names(request.extensions)
    _check_subject(request.subject, names)
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CertificateRequest(
        der=der,
        names=names,
        public_key_sha256=sha256(spki).hexdigest(),
        key_description=description,
    )


def _check_signature_algorithm(request: x509.CertificateSigningRequest) -> None:
    """Look before verifying: a weak hash makes verification say "false", which would blame the wrong thing."""
    algorithm = request.signature_algorithm_oid
    if algorithm in _WEAK:
        _refuse("weak-hash", "The request is signed with a weak hash (MD5, SHA-1 or the like). Sign it with SHA-256.")
    if algorithm not in _STRONG:
        _refuse("signature-algorithm", "Sign the request with RSA (PKCS #1 v1.5) or ECDSA and SHA-256, 384 or 512.")


def _public_key(request: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    try:
        return request.public_key()
    except (UnsupportedAlgorithm, ValueError) as error:
        raise CsrRefused("The public key cannot be read; make a new key and request.", rule="key-unreadable") from error


def _check_attributes(attributes: x509.Attributes) -> None:
    if any(attribute.oid == AttributeOID.CHALLENGE_PASSWORD for attribute in attributes):
        _refuse("challenge-password", "The request carries a password, which would be sent on. Make it without one.")


def _check_subject(subject: x509.Name, names: tuple[str, ...]) -> None:
    if subject.get_attributes_for_oid(_EMAIL_ADDRESS):
        _refuse("subject-email", "The subject holds an e-mail address, which would be sent on. Make it without one.")
    common_names = [attribute.value for attribute in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(common_names) > 1:
        _refuse("common-names", "The subject has more than one common name.")
    for common_name in common_names:
        if len(common_name) > COMMON_NAME_LIMIT:
            _refuse("common-name-too-long", f"A common name has at most {COMMON_NAME_LIMIT} characters.")
        if not isinstance(common_name, str) or common_name.lower() not in names:
            _refuse("common-name-outside-names", "The common name is not one of the subject alternative names.")
