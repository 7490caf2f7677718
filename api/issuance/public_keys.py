"""Public keys an authority would certify, judged as Boulder's `goodkey` does.

The rule: a key is accepted for what it is on a short list, never for the lack of a known fault.
"""

from __future__ import annotations

from math import gcd, isqrt
from typing import Final, NoReturn

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api.issuance.errors import CsrRefused

_RSA_BITS: Final = (2048, 3072, 4096)
_RSA_EXPONENT: Final = 65537
_FERMAT_ROUNDS: Final = 110
_SIEVE_LIMIT: Final = 8192
_CURVES: Final = {"secp256r1": "ECDSA P-256", "secp384r1": "ECDSA P-384"}

# The primes by which Infineon's faulty library (CVE-2017-15361) is told; its primes are powers of 65537 modulo each.
_ROCA_PRIMES: Final = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


def _primes_below(limit: int) -> list[int]:
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for number in range(2, isqrt(limit) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return [number for number in range(limit) if sieve[number]]


def _product(numbers: list[int]) -> int:
    while len(numbers) > 1:
        numbers = [first * second for first, second in zip(numbers[::2], [*numbers[1::2], 1], strict=False)]
    return numbers[0]


_SMALL_PRIMES_PRODUCT: Final = _product(_primes_below(_SIEVE_LIMIT))
_ROCA_RESIDUES: Final = {
    prime: frozenset(pow(_RSA_EXPONENT, power, prime) for power in range(prime)) for prime in _ROCA_PRIMES
}


def describe_public_key(public_key: object) -> str:
    """Return "RSA 2048", "ECDSA P-256"…; raise `CsrRefused` for a key that no authority certifies."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return _describe_rsa(public_key)
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        name = _CURVES.get(public_key.curve.name)
        return name or _refuse("key-curve", "Use the curve P-256 or P-384, or an RSA key.")
    return _refuse("key-type", "Use an RSA key of 2048, 3072 or 4096 bits, or an ECDSA key on P-256 or P-384.")


def _refuse(rule: str, message: str) -> NoReturn:
    raise CsrRefused(message, rule=rule)


def _describe_rsa(public_key: rsa.RSAPublicKey) -> str:
    numbers = public_key.public_numbers()
    if public_key.key_size not in _RSA_BITS:
        _refuse("key-size", "An RSA key has exactly 2048, 3072 or 4096 bits.")
    if numbers.e != _RSA_EXPONENT:
        _refuse("key-exponent", "The public exponent of an RSA key is 65537.")
    if gcd(numbers.n, _SMALL_PRIMES_PRODUCT) != 1:
        _refuse("key-small-factor", "This RSA key has a small factor and can be broken; make a new one.")
    if has_roca_fingerprint(numbers.n):
        _refuse("key-roca", "This RSA key comes from a faulty device (ROCA, CVE-2017-15361); make a new one elsewhere.")
    if has_close_factors(numbers.n):
        _refuse("key-close-factors", "The two factors of this RSA key are too close to each other; make a new one.")
    return f"RSA {public_key.key_size}"


def has_roca_fingerprint(modulus: int) -> bool:
    """Tell the structure of CVE-2017-15361; a healthy key shows it once in 2^27."""
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES.items())


def has_close_factors(modulus: int) -> bool:
    """Try Fermat's factorisation for as many rounds as Boulder does, and a few more (CVE-2022-26320)."""
    middle = isqrt(modulus - 1) + 1
    for candidate in range(middle, middle + _FERMAT_ROUNDS):
        square = candidate * candidate - modulus
        if isqrt(square) ** 2 == square:
            return True
    return False
