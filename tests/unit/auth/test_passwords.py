"""Which passwords may be chosen, and that hashing is Argon2id with the stated cost."""

from __future__ import annotations

import asyncio
import unicodedata

import pytest
from argon2 import extract_parameters

from api.auth.common_passwords import is_common
from api.auth.errors import PasswordRefused
from api.auth.passwords import PRODUCTION, Argon2Parameters, Passwords, check_new_password

CHEAP = Argon2Parameters(memory_kib=8, passes=1, lanes=1)
GOOD = "copper kettle under nine stars"


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("", "too-short"),
        ("elevenchars", "too-short"),
        ("é" * 5 + "a" * 252, "too-long"),
        ("a\u0301" * 8 + "\x00" + "b" * 8, "unusable-character"),
        ("\ud800 and twelve more", "unusable-character"),
        ("Sara.Ali@Example.com", "own-address"),
        ("moc.elpmaxe@ila.aras", "own-address"),
        ("password1234", "too-common"),
        ("P@ssw0rd1234", "too-common"),
        ("PasswordPassword", "too-common"),
        ("123456789012", "too-common"),
        ("qwertyuiopas", "too-common"),
        ("lkjhgfdsapoi", "too-common"),
        ("aaaaaaaaaaaaaa", "too-common"),
        ("abcabcabcabc", "too-common"),
        ("letmein2026!", "too-common"),
        ("1q2w3e4r5t6y", "too-common"),
        ("Kuwait1234567890", "too-common"),
        ("correct horse battery staple", "too-common"),
    ],
)
def test_unfit_passwords_are_refused_with_their_rule(password: str, rule: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        check_new_password(password, email="sara.ali@example.com", field="newPassword")
    assert (refused.value.rule, refused.value.field) == (rule, ("newPassword",))
    assert len(password) < 5 or password not in refused.value.message


@pytest.mark.parametrize(
    "password", [GOOD, "Tr0ub4dor&3-and-more", "سبع نجوم فوق البحر", "x7#kQ9!mZ2$w", "b" * 128 + "c" * 128]
)
def test_fit_passwords_pass(password: str) -> None:
    assert check_new_password(password, email="sara.ali@example.com") == unicodedata.normalize("NFC", password)


def test_common_is_not_everything() -> None:
    assert not is_common("my dragon eats certificates")


async def test_hash_verify_and_normal_forms() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash(check_new_password("cafe\u0301 noir au lait", email="a@b.example"))
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "caf\u00e9 noir au lait")
    assert await passwords.verify(stored, "cafe\u0301 noir au lait")
    assert not await passwords.verify(stored, "cafe noir au lait")
    assert await passwords.hash(GOOD) != await passwords.hash(GOOD)


@pytest.mark.parametrize("password", ["", "x" * 1_000_000, "\ud800", "\x00"])
async def test_odd_passwords_match_nothing(password: str) -> None:
    passwords = Passwords(CHEAP)
    assert not await passwords.verify(await passwords.hash(GOOD), password)
    assert not await passwords.verify("not a hash", password)
    await passwords.verify_dummy(password)


def test_production_cost_is_that_of_the_rfc() -> None:
    passwords = Passwords()
    parameters = extract_parameters(passwords._dummy)
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (65536, 3, 4)
    assert (PRODUCTION.memory_kib, parameters.hash_len, parameters.salt_len) == (65536, 32, 16)
    assert not passwords.needs_rehash(passwords._dummy)


async def test_old_parameters_are_noticed() -> None:
    old = await Passwords(CHEAP).hash(GOOD)
    newer = Passwords(Argon2Parameters(memory_kib=16, passes=1, lanes=1))
    assert newer.needs_rehash(old)
    assert await newer.verify(old, GOOD)


async def test_many_at_once() -> None:
    passwords = Passwords(CHEAP, concurrency=2)
    stored = await passwords.hash(GOOD)
    assert all(await asyncio.gather(*(passwords.verify(stored, GOOD) for _ in range(20))))
