"""A delivered chain passes only when it is exactly what was ordered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from api.issuance.chain import check_chain
from api.issuance.csr import CertificateRequest, read_csr
from api.issuance.errors import CertificateRefused
from tests.unit.issuance.chain_factory import NOW, Wanted, make_chain, wanted_by
from tests.unit.issuance.csr_factory import make_csr, p256_key, rsa_key

REQUEST = read_csr(make_csr("*.example.com", "example.com"))
OTHER_KEY = read_csr(make_csr("x.example.com", private_key=rsa_key()))
CERTIFICATE_VECTORS = Path(cryptography_vectors.__file__).parent / "x509"


def _check(chain_pem: str, request: CertificateRequest = REQUEST) -> None:
    check_chain(chain_pem, names=request.names, public_key_sha256=request.public_key_sha256, now=NOW)


def _wanted(**changes: object) -> Wanted:
    return wanted_by(REQUEST.der, REQUEST.names, **changes)


@pytest.mark.parametrize("issuers", [(), ("Intermediate",), ("Intermediate", "Second", "Third")])
def test_a_right_chain_gives_everything_about_the_certificate(issuers: tuple[str, ...]) -> None:
    chain = make_chain(_wanted(issuers=issuers, signed_by=issuers[0] if issuers else "Root"))
    certificate = check_chain(chain, names=REQUEST.names, public_key_sha256=REQUEST.public_key_sha256, now=NOW)
    leaf = x509.load_pem_x509_certificate(chain.encode())
    assert certificate.names == REQUEST.names
    assert int(certificate.serial_number, 16) == leaf.serial_number
    assert len(certificate.serial_number) % 2 == 0
    assert certificate.not_after - certificate.not_before == timedelta(days=90, hours=1)
    assert certificate.issuer_name == (issuers[0] if issuers else "Root")
    assert certificate.chain_pem == chain
    assert len(certificate.fingerprint_sha256) == 64


REFUSED = [
    ("other names", lambda: make_chain(_wanted_names("example.com"))),
    ("more names", lambda: make_chain(_wanted_names(*REQUEST.names, "evil.example.com"))),
    ("a name of another kind", lambda: make_chain(_wanted(more_names=[x509.RFC822Name("a@example.com")]))),
    ("another key", lambda: make_chain(wanted_by(OTHER_KEY.der, REQUEST.names))),
    ("expired", lambda: make_chain(_wanted(begin=NOW - timedelta(days=9), end=NOW - timedelta(days=1)))),
    ("not yet valid", lambda: make_chain(_wanted(begin=NOW + timedelta(days=1)))),
    ("five years", lambda: make_chain(_wanted(end=NOW + timedelta(days=1825)))),
    ("an authority", lambda: make_chain(_wanted(is_authority=True))),
    ("no server", lambda: make_chain(_wanted(uses=(ExtendedKeyUsageOID.CODE_SIGNING,)))),
    ("signed by somebody else", lambda: make_chain(_wanted(signed_by="Stranger"))),
    ("nothing", str),
    ("junk", lambda: "junk " * 1000),
    ("text around", lambda: "hello\n" + make_chain(_wanted())),
    ("too many", lambda: make_chain(_wanted()) * 6),
    ("too large", lambda: make_chain(_wanted()) * 1000),
    ("damaged", lambda: make_chain(_wanted()).replace("MII", "MIX")),
    ("a private key", lambda: make_chain(_wanted()) + _private_key()),
]


def _wanted_names(*names: str) -> Wanted:
    return wanted_by(REQUEST.der, names)


def _private_key() -> str:
    return p256_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("make", [pytest.param(make, id=what) for what, make in REFUSED])
def test_a_wrong_chain_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(CertificateRefused) as refused:
        _check(make())
    assert refused.value.problem is not None
    assert refused.value.problem.name == "certificate-refused"


def _vectors() -> list[Path]:
    return sorted(path for path in CERTIFICATE_VECTORS.rglob("*.pem") if b"BEGIN CERTIFICATE-" in path.read_bytes())


@pytest.mark.filterwarnings("ignore")
def test_no_certificate_of_the_corpus_crashes_the_check() -> None:
    paths = _vectors()
    assert len(paths) > 100
    for path in paths:
        with pytest.raises(CertificateRefused):
            _check(path.read_bytes().decode("ascii", "replace"))


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(CertificateRefused):
        _check(text)
