"""Challenge values and signatures against foreign implementations: `acme` and `josepy`."""

from __future__ import annotations

import json

import josepy
import pytest
from acme import challenges
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from api.issuance.account_key import CaAccountKey
from api.issuance.challenges import DnsPlacement, HttpPlacement, placement
from api.issuance.jws import sign_request
from api.issuance.order_values import Challenge, ChallengeType
from tests.unit.issuance.csr_factory import rsa_key

ACCOUNT_KEY = CaAccountKey.generate()
TOKEN_BYTES = bytes(range(16))
CHALLENGE_TOKEN = josepy.encode_b64jose(TOKEN_BYTES)


def _jwk() -> josepy.JWK:
    private_key = load_pem_private_key(ACCOUNT_KEY.to_pem(), None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    return josepy.JWKEC(key=private_key)


def test_http_01_is_what_the_library_places() -> None:
    ours = placement("example.com", Challenge(ChallengeType.HTTP_01, "u", CHALLENGE_TOKEN), ACCOUNT_KEY.thumbprint)
    theirs = challenges.HTTP01(token=TOKEN_BYTES)
    assert ours == HttpPlacement(theirs.path, theirs.validation(_jwk()))


@pytest.mark.parametrize("name", ["example.com", "*.example.com"])
def test_dns_01_is_what_the_library_places(name: str) -> None:
    ours = placement(name, Challenge(ChallengeType.DNS_01, "u", CHALLENGE_TOKEN), ACCOUNT_KEY.thumbprint)
    theirs = challenges.DNS01(token=TOKEN_BYTES)
    assert ours == DnsPlacement(theirs.validation_domain_name("example.com"), theirs.validation(_jwk()))


@pytest.mark.parametrize(
    ("account_url", "payload"), [(None, {"a": 1}), ("https://ca/acct/1", None), ("https://ca/acct/1", {})]
)
def test_a_signed_request_verifies_with_josepy(account_url: str | None, payload: dict[str, int] | None) -> None:
    body = sign_request(ACCOUNT_KEY, url="https://ca/x", nonce="n1", payload=payload, account_url=account_url)
    document = json.loads(body)
    signed = json.loads(josepy.decode_b64jose(document["protected"]))
    assert signed["alg"] == "ES256"
    assert (signed["nonce"], signed["url"]) == ("n1", "https://ca/x")
    assert signed.get("kid") == account_url
    assert ("jwk" in signed) == (account_url is None)
    plain = b"" if payload is None else json.dumps(payload, separators=(",", ":")).encode()
    assert document["payload"] == josepy.encode_b64jose(plain)
    message = f"{document['protected']}.{document['payload']}".encode()
    signature = josepy.decode_b64jose(document["signature"])
    assert josepy.ES256.verify(_jwk().key.public_key(), message, signature)


def test_an_account_key_survives_storage() -> None:
    assert CaAccountKey.from_pem(ACCOUNT_KEY.to_pem()).thumbprint == ACCOUNT_KEY.thumbprint
    assert CaAccountKey.generate().thumbprint != ACCOUNT_KEY.thumbprint


def test_another_kind_of_account_key_is_refused() -> None:
    with pytest.raises(ValueError, match="P-256"):
        CaAccountKey.from_pem(rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
