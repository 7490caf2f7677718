from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sslm_agent.errors import HomeUnsafe
from sslm_agent.home import Home
from sslm_agent.keys import KeyStore, KeyType, public_key_hash

from tests.unit.agent.conftest import StandingClock

NAMES = ("example.com", "*.example.com")


@pytest.mark.clause("3.3-a")
@pytest.mark.parametrize("key_type", list(KeyType))
def test_a_key_of_each_type_and_its_request(home: Home, clock: StandingClock, key_type: KeyType) -> None:
    keys = KeyStore(home)
    facts = keys.create(key_type, NAMES, clock)
    private_key = load_pem_private_key(keys.private_key_pem(facts.public_key_sha256), None)
    request = x509.load_pem_x509_csr(keys.request_pem(facts.public_key_sha256).encode())

    assert request.is_signature_valid
    assert public_key_hash(request.public_key()) == facts.public_key_sha256 == public_key_hash(private_key.public_key())
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(names.get_values_for_type(x509.DNSName)) == NAMES
    assert list(request.subject) == []
    assert (isinstance(private_key, rsa.RSAPrivateKey), getattr(private_key, "key_size", 0)) == {
        KeyType.P256: (False, 256),
        KeyType.P384: (False, 384),
        KeyType.RSA2048: (True, 2048),
    }[key_type]
    assert keys.all() == [facts]


def test_a_damaged_or_exchanged_key_is_not_installed(home: Home, clock: StandingClock) -> None:
    keys = KeyStore(home)
    first, second = (keys.create(KeyType.P256, NAMES, clock).public_key_sha256 for _ in range(2))
    path = home.keys / first / "private_key.pem"
    for content in (keys.private_key_pem(second), b"", b"junk"):
        path.write_bytes(content)
        with pytest.raises(HomeUnsafe, match="damaged") as caught:
            keys.private_key_pem(first)
        assert "PRIVATE KEY" not in str(caught.value)
    keys.remove(first)
    with pytest.raises(HomeUnsafe, match="missing"):
        keys.private_key_pem(first)


def test_an_unknown_kind_of_key_has_no_hash() -> None:
    assert public_key_hash(object()) == ""
    assert len(public_key_hash(ec.generate_private_key(ec.SECP256R1()).public_key())) == 64
