"""Writing systems: find names that are built to look like another.

The rule follows UTS 39 (highly restrictive): one script, or Latin with Chinese, Japanese or Korean.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_NEUTRAL: Final = frozenset({"DIGIT", "HYPHEN-MINUS", "COMBINING", "MIDDLE", "ZERO", "ARABIC-INDIC", "EXTENDED"})
_TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
# Cyrillic and Greek letters that are drawn like Latin ones.
_LIKE_LATIN: Final = frozenset("аеорсухіјѕԁһԛԝѵьӏοανιρυκτωε")


def scripts_of(text: str) -> frozenset[str]:
    """Return the scripts that letters of `text` belong to, by the first word of their Unicode names."""
    words = (unicodedata.name(character, "UNNAMED").partition(" ")[0] for character in text if character.isalpha())
    return frozenset(words) - _NEUTRAL


def mixes_scripts(text: str) -> bool:
    """Tell whether letters come from scripts that are not used together."""
    scripts = scripts_of(text)
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def imitates_latin(text: str) -> bool:
    """Tell whether every letter is a foreign one that is drawn like a Latin letter."""
    letters = [character for character in text.casefold() if character.isalpha()]
    return bool(letters) and all(letter in _LIKE_LATIN for letter in letters)
