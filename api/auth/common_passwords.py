"""Passwords that everybody tries first: a few well-known words and the patterns people build from them.

The rule: a password is common if, read without capitals and letter substitutions, it is one of the listed words with
usual additions, a walk over the keyboard, or a repetition.
"""

from __future__ import annotations

from itertools import product
from typing import Final

_WORDS: Final = (
    "password", "passw0rd", "passwort", "passphrase", "qwerty", "qwertyuiop", "qwertz", "azerty", "letmein", "welcome",
    "admin", "administrator", "iloveyou", "monkey", "dragon", "football", "baseball", "basketball", "sunshine",
    "princess", "superman", "batman", "starwars", "shadow", "master", "michael", "jennifer", "jessica", "charlie",
    "freedom", "whatever", "trustno1", "changeme", "default", "secret", "computer", "internet", "samsung", "google",
    "liverpool", "chelsea", "arsenal", "barcelona", "realmadrid", "pokemon", "naruto", "mustang", "corvette",
    "summer", "winter", "spring", "autumn", "january", "december", "login", "access", "hello", "helloworld",
    "correcthorsebatterystaple", "certificate", "letsencrypt", "webmaster", "server", "kuwait", "bismillah",
)  # fmt: skip
_ADDITIONS: Final = (
    "", "1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789",
    "!", "!!", "!!!", "123!", "1234!", "12345!", "123456!", "@123", "@1234", "@12345", "#123", "#1234", "321", "4321",
    "54321", "654321", "abc", "abcd", "abc123", "qwerty", "me", "please", "now", "letmein",
    *(str(year) for year in range(1960, 2036)), *(f"{year}!" for year in range(2015, 2036)),
)  # fmt: skip
_WALKS: Final = (
    "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujm", "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0", "zaqxswcdevfrbgtnhymju", "!@#$%^&*()_+", "123qweasdzxc", "asdfghjkl;'", "poiuytrewq",
)  # fmt: skip
_SUBSTITUTED: Final = str.maketrans("@4301!5$7", "aaeoiisst")
_LONGEST_PERIOD: Final = 6


def _plain(text: str) -> str:
    return text.casefold().translate(_SUBSTITUTED)


_LISTED: Final = frozenset(
    {_plain(word + addition) for word, addition in product(_WORDS, _ADDITIONS)}
    | {_plain(addition + word) for word, addition in product(_WORDS, _ADDITIONS)}
    | {_plain(first + second) for first, second in product(_WORDS, repeat=2)}
)
_ALL_WALKS: Final = tuple(_plain(piece) * 2 for walk in _WALKS for piece in (walk, walk[::-1]))


def is_common(password: str) -> bool:
    """Tell whether a guesser would reach this password within the first thousands of tries."""
    plain = _plain(password)
    squeezed = "".join(character for character in plain if character.isalnum())
    if plain in _LISTED or squeezed in _LISTED:
        return True
    return any(plain in walk for walk in _ALL_WALKS) or _repeats(password.casefold())


def _repeats(text: str) -> bool:
    """Find one to six characters repeated to the end, as in `abcabcabcabc`."""
    periods = range(1, min(_LONGEST_PERIOD, len(text) // 2) + 1)
    return any((text[:period] * len(text))[: len(text)] == text for period in periods)
