"""The languages pages are written in. A message is looked up by its English text (gettext), so English needs no file.

A page in a language we do not have is shown in English: right, if not in one's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations
from types import MappingProxyType
from typing import Final

from babel import Locale


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its BCP 47 tag, and its texts."""

    tag: str
    translations: NullTranslations = field(default_factory=NullTranslations)

    @property
    def direction(self) -> str:
        """Return `ltr` or `rtl`."""
        return str(Locale.parse(self.tag).text_direction)

    @property
    def own_name(self) -> str:
        """Return what its speakers call it."""
        return Locale.parse(self.tag).get_display_name(self.tag) or self.tag


ENGLISH: Final = Language("en")
LANGUAGES: Final[Mapping[str, Language]] = MappingProxyType({ENGLISH.tag: ENGLISH})


def later(message: str) -> str:
    """Mark a message that a template translates when it shows it."""
    return message
