"""One line of text that a person typed: tidied, and free of characters that deceive or break what shows it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

# Zero-width joiners are letters' business (Persian, emoji); left-to-right and right-to-left marks are harmless.
_ALLOWED_FORMAT: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line."""

    rule: str
    message: str


def tidy_line(text: str) -> str:
    """Compose characters (NFC) and drop spaces at both ends and doubled ones inside."""
    return " ".join(part for part in unicodedata.normalize("NFC", text).split(" ") if part)


def line_fault(text: str, *, longest: int) -> LineFault | None:
    """Find the rule a line breaks: controls, line breaks, bidirectional overrides, unassigned characters, length."""
    for character in text:
        if unicodedata.category(character) in _REFUSED and character not in _ALLOWED_FORMAT:
            return LineFault(
                "control-character", "It holds a control character or one that changes the reading direction."
            )
    if len(text) > longest:
        return LineFault("too-long", f"It has more than {longest} characters.")
    return None
