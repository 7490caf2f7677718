"""The preferences cookie: display mode and language for pages where nobody is signed in (clause 5.1-b).

It is read on every page and written only when a person saves settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

from api.auth.cookies import PREFERENCES, cookie_value, set_cookie

LIFE: Final = timedelta(days=365)
MODES: Final = ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a browser was told to remember."""

    language: str = "en"
    mode: str = "system"

    @classmethod
    def read(cls, cookie_header: str) -> Preferences:
        """Return what the cookie says; anything it cannot say counts as not said."""
        pairs = dict(parse_qsl(cookie_value([cookie_header], PREFERENCES) or ""))
        mode = pairs.get("mode", "")
        return cls(pairs.get("language") or "en", mode if mode in MODES else "system")

    def cookie(self) -> str:
        """Return the `Set-Cookie` value that keeps them for a year."""
        return set_cookie(PREFERENCES, urlencode({"language": self.language, "mode": self.mode}), life=LIFE)
