"""What a request asks for beside its key: the extensions of PKCS #10 (RFC 2985 section 5.4.2).

The rule: subject alternative names of kind DNS are the only thing a request may ask for; what an authority
would silently drop is refused, so that the holder never believes to have got it.
"""

from __future__ import annotations

from typing import Final, NoReturn

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from api.issuance.errors import CsrRefused, NameRefused
from api.issuance.names import check_issuable_name

NAMES_LIMIT: Final = 100

_SERVER_USES: Final = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH})
_HARMLESS: Final = (x509.SubjectAlternativeName, x509.SubjectKeyIdentifier)
_OTHER_NAMES: Final[dict[type[x509.GeneralName], tuple[str, str]]] = {
    x509.RFC822Name: ("email-name", "an e-mail address"),
    x509.UniformResourceIdentifier: ("uri-name", "a URI"),
    x509.DirectoryName: ("directory-name", "a directory name"),
    x509.IPAddress: ("ip-name", "an IP address"),
}


def read_alternative_names(extensions: x509.Extensions) -> tuple[str, ...]:
    """Return the DNS names asked for, lower case, sorted, once each; raise `CsrRefused` for anything else."""
    for extension in extensions:
        _check_extension(extension)
    try:
        alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        _refuse("no-names", "The request has no subject alternative names. Put every DNS name there.")
    return _dns_names(alternatives)


def _refuse(rule: str, message: str) -> NoReturn:
    raise CsrRefused(message, rule=rule)


def _check_extension(extension: x509.Extension[x509.ExtensionType]) -> None:
    value = extension.value
    if isinstance(value, x509.BasicConstraints):
        if value.ca:
            _refuse("ca-true", "The request asks for a certificate authority's certificate (CA:TRUE).")
    elif isinstance(value, x509.KeyUsage):
        if value.key_cert_sign or value.crl_sign:
            _refuse("key-usage", "The request asks to sign certificates or revocation lists.")
    elif isinstance(value, x509.ExtendedKeyUsage):
        if not set(value) <= _SERVER_USES:
            _refuse("extended-key-usage", "Only server authentication can be asked for, no code signing or other use.")
    elif isinstance(value, x509.TLSFeature):
        _refuse("must-staple", "The request asks for must-staple (TLS feature), which authorities no longer offer.")
    elif extension.critical and not isinstance(value, _HARMLESS):
        _refuse("unknown-critical-extension", "The request has a critical extension that no authority would honour.")


def _dns_names(alternatives: x509.SubjectAlternativeName) -> tuple[str, ...]:
    if len(alternatives) > NAMES_LIMIT:
        _refuse("too-many-names", f"One certificate has at most {NAMES_LIMIT} names; split the request.")
    names: set[str] = set()
    for alternative in alternatives:
        if not isinstance(alternative, x509.DNSName):
            rule, what = _OTHER_NAMES.get(type(alternative), ("other-name", "another kind of name"))
            _refuse(rule, f"The subject alternative names hold {what}; only DNS names are certified here.")
        names.add(_checked(alternative.value))
    if not names:
        _refuse("no-names", "The request has no subject alternative names. Put every DNS name there.")
    return tuple(sorted(names))


def _checked(name: str) -> str:
    # Lower-casing ASCII alone: `str.lower` would turn the Kelvin sign into a plain k.
    name = name.lower() if name.isascii() else name
    try:
        check_issuable_name(name)
    except NameRefused as refusal:
        raise CsrRefused(f"One of the names is not possible. {refusal.message}", rule=refusal.rule) from refusal
    return name
