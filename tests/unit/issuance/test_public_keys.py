"""Weak keys of every kind, made here so that each has exactly one fault."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd, prod

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from api.issuance.errors import CsrRefused
from api.issuance.public_keys import describe_public_key, has_close_factors, has_roca_fingerprint
from tests.unit.issuance.csr_factory import p256_key, rsa_key

ROCA_MODULUS = 962947420735983927056946215901134429196419130606213075415963491270
"""The product of the first 39 primes, on which the faulty library built its keys."""


def _is_probable_prime(number: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19):
        value = pow(base, odd, number)
        if value in (1, number - 1):
            continue
        if not any((value := pow(value, 2, number)) == number - 1 for _ in range(twos - 1)):
            return False
    return True


def _next_prime(start: int, step: int) -> int:
    while not _is_probable_prime(start):
        start += step
    return start


def _public(modulus: int) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(65537, modulus).public_key()


def _coprime(start: int) -> int:
    while gcd(start, prod(range(3, 10_000, 2))) != 1:
        start += 2
    return start


def _primes() -> tuple[int, int]:
    numbers = rsa_key().private_numbers()
    return numbers.p, numbers.q


def _small_factor() -> rsa.RSAPublicKey:
    cofactor = (1 << 2047) // 7919 | 1
    return _public(7919 * (cofactor + 2))


def _close() -> rsa.RSAPublicKey:
    """Fermat's method needs no primes: two odd numbers near each other without small factors do."""
    first = _coprime((3 << 1022) | 1)
    return _public(first * _coprime(first + 2))


def _roca() -> rsa.RSAPublicKey:
    multiple = (3 << 1022) // ROCA_MODULUS
    starts = ((multiple + 1, 12345), (multiple + (1 << 700), 6789))
    factors = [
        _next_prime(factor * ROCA_MODULUS + pow(65537, power, ROCA_MODULUS), ROCA_MODULUS) for factor, power in starts
    ]
    return _public(factors[0] * factors[1])


REFUSED = [
    (lambda: rsa_key(1024).public_key(), "key-size"),
    (lambda: _public((1 << 2055) + 1), "key-size"),
    (lambda: _public((1 << 8191) + 1), "key-size"),
    (lambda: rsa_key(2048, 3).public_key(), "key-exponent"),
    (_small_factor, "key-small-factor"),
    (_close, "key-close-factors"),
    (_roca, "key-roca"),
    (lambda: ec.generate_private_key(ec.SECP521R1()).public_key(), "key-curve"),
    (lambda: ec.generate_private_key(ec.SECP256K1()).public_key(), "key-curve"),
    (lambda: ed25519.Ed25519PrivateKey.generate().public_key(), "key-type"),
    (lambda: dsa.generate_private_key(2048).public_key(), "key-type"),
]


@pytest.mark.parametrize(("make", "rule"), REFUSED)
def test_a_weak_key_is_refused_by_its_fault(make: Callable[[], object], rule: str) -> None:
    with pytest.raises(CsrRefused) as refused:
        describe_public_key(make())
    assert refused.value.rule == rule


def test_good_keys_are_described() -> None:
    assert describe_public_key(rsa_key().public_key()) == "RSA 2048"
    assert describe_public_key(p256_key().public_key()) == "ECDSA P-256"
    assert describe_public_key(ec.generate_private_key(ec.SECP384R1()).public_key()) == "ECDSA P-384"


def test_healthy_factors_raise_no_alarm() -> None:
    first, second = _primes()
    assert not has_close_factors(first * second)
    assert not has_roca_fingerprint(first * second)
    assert gcd(first, second) == 1
