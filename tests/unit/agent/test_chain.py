from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sslm_agent.chain import check_chain, check_newer, parse_chain
from sslm_agent.errors import CertificateRefused
from sslm_agent.keys import public_key_hash

from tests.unit.agent.authority import TODAY, Authority, authority, pem, sign, subject_name

NAMES = ("example.com", "www.example.com")
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = KEY.public_key()


def check(data: bytes) -> None:
    check_chain(parse_chain(data), names=NAMES, public_key_sha256=public_key_hash(PUBLIC_KEY), now=TODAY)


def test_a_right_chain_passes_and_is_written_from_what_was_parsed() -> None:
    data = authority().issue(PUBLIC_KEY, NAMES)
    check(data)
    private = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    assert parse_chain(b"noise\n" + private + data).pem() == data
    check(authority().issue(PUBLIC_KEY, list(reversed(NAMES))))
    check(data + pem(authority().root))


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(CertificateRefused, match="cannot be read"):
        parse_chain(data)


def test_another_key_is_refused() -> None:
    with pytest.raises(CertificateRefused, match="another key"):
        check(authority().issue(ec.generate_private_key(ec.SECP256R1()).public_key(), NAMES))


@pytest.mark.parametrize("names", [NAMES[:1], (*NAMES, "evil.example"), ("*.example.com",)])
def test_other_names_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(CertificateRefused, match="names"):
        check(authority().issue(PUBLIC_KEY, names))


def test_a_certificate_without_names_is_refused() -> None:
    leaf = sign(PUBLIC_KEY, subject_name("x"), authority().intermediate.subject, authority().key, authority=False)
    with pytest.raises(CertificateRefused, match="cannot be read"):
        check(pem(leaf, authority().intermediate))


def test_expired_and_future_certificates_are_refused() -> None:
    with pytest.raises(CertificateRefused, match="expired"):
        check(authority().issue(PUBLIC_KEY, NAMES, not_before=TODAY - timedelta(days=90)))
    with pytest.raises(CertificateRefused, match="not valid yet"):
        check(authority().issue(PUBLIC_KEY, NAMES, not_before=TODAY + timedelta(hours=1)))


def test_links_that_do_not_verify_are_refused() -> None:
    leaf, other = authority().leaf(PUBLIC_KEY, NAMES), Authority()
    self_signed = sign(PUBLIC_KEY, subject_name("me"), subject_name("me"), KEY, authority=False, names=NAMES)
    no_authority = sign(
        authority().key.public_key(),
        authority().intermediate.subject,
        authority().root.subject,
        authority().root_key,
        authority=False,
    )
    chains: list[tuple[x509.Certificate, ...]] = [
        (leaf, other.intermediate),
        (leaf, authority().root),
        (leaf, authority().intermediate, other.root),
        (leaf, no_authority),
        (self_signed,),
        (leaf, *(authority().intermediate,) * 10),
    ]
    for chain in chains:
        with pytest.raises(CertificateRefused, match="signed"):
            check(pem(*chain))


def test_an_older_certificate_never_replaces_a_newer_one() -> None:
    newer = parse_chain(authority().issue(PUBLIC_KEY, NAMES))
    older = parse_chain(authority().issue(PUBLIC_KEY, NAMES, not_before=TODAY - timedelta(days=1)))
    shorter = parse_chain(authority().issue(PUBLIC_KEY, NAMES, not_before=TODAY, lifetime=timedelta(days=6)))
    with pytest.raises(CertificateRefused, match="newer"):
        check_newer(older, newer.leaf)
    check_newer(newer, older.leaf)
    check_newer(newer, newer.leaf)
    check_newer(shorter, newer.leaf)
    check_newer(newer, None)
