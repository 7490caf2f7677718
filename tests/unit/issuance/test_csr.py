"""The request gate: the corpus of `cryptography`, and one made request for each rule."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AttributeOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from api.issuance.csr import SIZE_LIMIT, read_csr
from api.issuance.errors import CsrRefused
from tests.unit.issuance.csr_factory import REQUEST_VECTORS, common_name, dns, make_csr, p256_key, rsa_key, subject

VECTORS = {
    "bad-version.pem": "version",
    "basic_constraints.pem": "weak-hash",
    "challenge-invalid.der": "signature",
    "challenge-multi-valued.der": "signature",
    "challenge-unstructured.pem": "challenge-password",
    "challenge.pem": "challenge-password",
    "dsa_sha1.der": "weak-hash",
    "dsa_sha1.pem": "weak-hash",
    "ec_sha256.der": "no-names",
    "ec_sha256.pem": "no-names",
    "ec_sha256_old_header.pem": "no-names",
    "freeipa-bad-critical.pem": "malformed",
    "invalid_signature.pem": "key-size",
    "long-form-attribute.pem": "signature",
    "rsa_md4.der": "weak-hash",
    "rsa_md4.pem": "weak-hash",
    "rsa_sha1.der": "weak-hash",
    "rsa_sha1.pem": "weak-hash",
    "rsa_sha256.der": "no-names",
    "rsa_sha256.pem": "no-names",
    "san_rsa_sha1.der": "weak-hash",
    "san_rsa_sha1.pem": "weak-hash",
    "two_basic_constraints.pem": "weak-hash",
    "unsupported_extension.pem": "weak-hash",
    "unsupported_extension_critical.pem": "weak-hash",
    "zero-element-attribute.pem": "malformed",
}


def _as_pem(name: str) -> str:
    """The corpus prints some requests in words before the PEM; the gate wants the PEM alone."""
    content = (REQUEST_VECTORS / name).read_bytes()
    if name.endswith(".pem"):
        text = content.decode("ascii")
        return text[text.index("-----BEGIN") :]
    return _frame(content)


def _frame(der: bytes) -> str:
    body = base64.encodebytes(der).decode("ascii")
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


def _refusal(pem: str) -> CsrRefused:
    with pytest.raises(CsrRefused) as refused:
        read_csr(pem)
    assert refused.value.code == "CSR_REFUSED"
    assert refused.value.field == ("csr",)
    return refused.value


def test_the_corpus_is_covered_whole() -> None:
    assert {path.name for path in REQUEST_VECTORS.iterdir() if path.suffix in {".pem", ".der"}} == set(VECTORS)


@pytest.mark.parametrize(("name", "rule"), sorted(VECTORS.items()))
def test_every_request_of_the_corpus_is_refused_by_its_fault(name: str, rule: str) -> None:
    assert _refusal(_as_pem(name)).rule == rule


def test_a_good_request_gives_sorted_lower_case_names_once_each() -> None:
    request = read_csr(make_csr("b.example.com", "*.Example.COM", "a.example.com", "A.example.com"))
    assert request.names == ("*.example.com", "a.example.com", "b.example.com")
    assert request.key_description == "ECDSA P-256"
    assert len(request.public_key_sha256) == 64
    assert x509.load_der_x509_csr(request.der).is_signature_valid


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa_keys_of_the_three_sizes_pass(bits: int) -> None:
    assert read_csr(make_csr("example.com", private_key=rsa_key(bits))).key_description == f"RSA {bits}"


@pytest.mark.parametrize("algorithm", [hashes.SHA384(), hashes.SHA512()])
def test_longer_hashes_pass(algorithm: hashes.HashAlgorithm) -> None:
    assert read_csr(make_csr("example.com", algorithm=algorithm)).names == ("example.com",)


def test_an_old_header_and_windows_line_ends_pass() -> None:
    pem = make_csr("example.com").replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").replace("\n", "\r\n")
    assert read_csr(pem).names == ("example.com",)


def test_harmless_wishes_pass() -> None:
    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    wishes = (
        (usage, True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False),
    )
    assert read_csr(make_csr("example.com", name=common_name("Example.com"), extensions=wishes)).names


def _sign_usage() -> x509.KeyUsage:
    return x509.KeyUsage(True, False, False, False, False, True, False, False, False)


def _names(*values: x509.GeneralName) -> str:
    return make_csr(alternatives=x509.SubjectAlternativeName([x509.DNSName("example.com"), *values]))


def _private_key_pem() -> str:
    return p256_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


RSA_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)

REFUSED = [
    ("ca-true", lambda: make_csr("example.com", extensions=((x509.BasicConstraints(True, None), True),))),
    ("key-usage", lambda: make_csr("example.com", extensions=((_sign_usage(), True),))),
    (
        "extended-key-usage",
        lambda: make_csr(
            "example.com", extensions=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),)
        ),
    ),
    (
        "must-staple",
        lambda: make_csr("example.com", extensions=((x509.TLSFeature([x509.TLSFeatureType.status_request]), False),)),
    ),
    (
        "unknown-critical-extension",
        lambda: make_csr(
            "example.com", extensions=((x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),)
        ),
    ),
    ("no-names", make_csr),
    ("no-names", lambda: make_csr(name=common_name("example.com"))),
    ("email-name", lambda: _names(x509.RFC822Name("someone@example.com"))),
    ("uri-name", lambda: _names(x509.UniformResourceIdentifier("https://example.com/"))),
    ("directory-name", lambda: _names(x509.DirectoryName(common_name("example.com")))),
    ("other-name", lambda: _names(x509.RegisteredID(ObjectIdentifier("1.2.3")))),
    ("other-name", lambda: _names(x509.OtherName(ObjectIdentifier("1.2.3"), b"\x05\x00"))),
    ("common-name-outside-names", lambda: make_csr("example.com", name=common_name("example.org"))),
    ("common-name-too-long", lambda: make_csr("example.com", name=common_name("a" * 65))),
    (
        "common-names",
        lambda: make_csr(
            "example.com", name=subject((NameOID.COMMON_NAME, "example.com"), (NameOID.COMMON_NAME, "example.com"))
        ),
    ),
    ("subject-email", lambda: make_csr("example.com", name=subject((NameOID.EMAIL_ADDRESS, "a@example.com")))),
    (
        "challenge-password",
        lambda: make_csr("example.com", attributes=((AttributeOID.CHALLENGE_PASSWORD, b"not a password"),)),
    ),
    ("key-size", lambda: make_csr("example.com", private_key=rsa_key(1024))),
    ("key-exponent", lambda: make_csr("example.com", private_key=rsa_key(2048, 3))),
    ("key-curve", lambda: make_csr("example.com", private_key=ec.generate_private_key(ec.SECP521R1()))),
    ("weak-hash", lambda: make_csr("example.com", algorithm=hashes.SHA224())),
    ("empty", lambda: ""),
    ("empty", lambda: " \n\t"),
    ("not-a-request", lambda: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ("not-a-request", lambda: make_csr("example.com").encode("utf-16").decode("latin-1")),
    ("two-requests", lambda: make_csr("example.com") + make_csr("example.org")),
    ("surrounding-text", lambda: "Subject: CN=example.com\n" + make_csr("example.com")),
    ("surrounding-text", lambda: make_csr("example.com") + "x"),
    ("private-key", lambda: _private_key_pem() + make_csr("example.com")),
    ("private-key", lambda: make_csr("example.com") + _private_key_pem()),
    ("too-large", lambda: "x" * 1_048_576 + make_csr("example.com")),
    ("too-many-names", lambda: make_csr(*(f"host{number}.example.com" for number in range(101)))),
    ("too-many-names", lambda: make_csr(*(f"h{number}.example.com" for number in range(10_000)))),
]


@pytest.mark.filterwarnings("ignore:Attribute.s length must be")
@pytest.mark.parametrize(("rule", "make"), REFUSED)
def test_a_request_is_refused_by_the_rule_it_breaks(rule: str, make: Callable[[], str]) -> None:
    pem = make()
    refusal = _refusal(pem)
    assert refusal.rule == rule
    assert "example" not in refusal.message.replace("*.example.com", "")


def test_ed25519_is_refused() -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = builder.add_extension(dns("example.com"), critical=False).sign(ed25519.Ed25519PrivateKey.generate(), None)
    assert _refusal(signed.public_bytes(Encoding.PEM).decode()).rule == "signature-algorithm"


def test_pss_signatures_are_refused() -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = builder.add_extension(dns("example.com"), critical=False).sign(
        rsa_key(), hashes.SHA256(), rsa_padding=RSA_PSS
    )
    assert _refusal(signed.public_bytes(Encoding.PEM).decode()).rule == "signature-algorithm"


NAME_RULES = [
    ("a\0b.example.com", "control-character"),
    ("a\n.example.com", "control-character"),
    ("xn--a.example.com", "punycode"),
    ("a.*.example.com", "wildcard-position"),
    ("*.*.example.com", "double-wildcard"),
    ("a..example.com", "empty-label"),
    ("example.com.", "trailing-dot"),
    ("a" * 64 + ".com", "label-too-long"),
    (".".join(["a" * 63] * 4) + ".com", "name-too-long"),
    ("a.b.c.d.e.f.g.h.i.example.com", "too-many-labels"),
    ("co.uk", "public-suffix"),
    ("*.com", "public-suffix"),
    ("localhost", "reserved-name"),
    ("192.0.2.1", "ip-address"),
]


@pytest.mark.parametrize(("name", "rule"), NAME_RULES)
def test_a_bad_name_in_a_request_names_its_rule(name: str, rule: str) -> None:
    assert _refusal(make_csr("good.example.org", name)).rule == rule


def test_a_name_that_is_not_ascii_is_refused() -> None:
    good = make_csr("xxchen.example.com")
    der = x509.load_pem_x509_csr(good.encode()).public_bytes(Encoding.DER)
    doctored = der.replace(b"xxchen", "ünchen"[:5].encode())
    assert len(doctored) == len(der)
    assert _refusal(_frame(doctored)).rule in {"signature", "malformed"}
    assert _refusal(make_csr(alternatives=dns("münchen.de"))).rule in {"unicode-label", "malformed"}


@pytest.mark.parametrize("cut", [10, 100, 200, -1])
def test_a_truncated_request_is_refused(cut: int) -> None:
    der = x509.load_pem_x509_csr(make_csr("example.com").encode()).public_bytes(Encoding.DER)
    assert _refusal(_frame(der[:cut])).rule == "malformed"


def test_a_changed_byte_is_a_bad_signature_and_no_weak_hash() -> None:
    der = x509.load_pem_x509_csr(make_csr("aaaa.example.com").encode()).public_bytes(Encoding.DER)
    assert _refusal(_frame(der.replace(b"aaaa", b"aaab"))).rule == "signature"


def test_a_hundred_names_pass() -> None:
    assert len(read_csr(make_csr(*(f"h{number}.example.com" for number in range(100)))).names) == 100


def test_the_limit_of_size_holds_a_hundred_of_the_longest_names() -> None:
    longest = [f"{number:03}" + "a" * 60 + (".b" + "c" * 60) * 2 + ".d" * 4 + ".example.com" for number in range(100)]
    assert len(make_csr(*longest)) < SIZE_LIMIT


@given(st.binary(max_size=400))
def test_any_bytes_in_a_frame_are_refused_and_never_crash(content: bytes) -> None:
    assert _refusal(_frame(content)).rule


@given(st.text(max_size=200))
def test_any_text_is_refused_and_never_crashes(text: str) -> None:
    assert _refusal(text).rule


@given(st.data())
def test_any_damaged_request_is_refused_and_never_crashes(data: st.DataObject) -> None:
    der = bytearray(x509.load_pem_x509_csr(DAMAGED.encode()).public_bytes(Encoding.DER))
    position = data.draw(st.integers(0, len(der) - 1))
    der[position] ^= data.draw(st.integers(1, 255))
    assert _refusal(_frame(bytes(der))).rule


def test_a_signature_of_broken_octets_is_refused() -> None:
    """The bits of the signature stay the same, so verifying alone would not notice."""
    while True:
        der = bytearray(x509.load_pem_x509_csr(make_csr("example.com").encode()).public_bytes(Encoding.DER))
        if not der[-1] & 1:
            break
    signature = x509.load_der_x509_csr(bytes(der)).signature
    unused_bits = len(der) - len(signature) - 1
    assert der[unused_bits] == 0
    der[unused_bits] = 1
    assert _refusal(_frame(bytes(der))).rule == "malformed"


DAMAGED = make_csr("example.com", "www.example.com")
