"""Text that came from elsewhere, made safe to show.

Nothing that reaches a terminal, a file of state or an error may steer the terminal or hold a secret: control
characters are replaced, private keys and API tokens are cut out, length is bounded.
"""

from __future__ import annotations

import re

from sslm_agent.errors import InvalidChoice

LONGEST_TEXT = 4000
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_API_TOKEN = re.compile(r"sslm_[0-9A-Za-z]{8,}")


def without_secrets(text: str) -> str:
    """Cut out private keys in PEM form and API tokens."""
    return _API_TOKEN.sub("[API token removed]", _PRIVATE_KEY.sub("[private key removed]", text))


def safe_text(text: str, *, longest: int = LONGEST_TEXT) -> str:
    """Return the text without secrets and without anything that moves a cursor, in bounded length."""
    shown = "".join(sign if sign == "\n" or sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    shown = without_secrets(shown)
    return shown if len(shown) <= longest else shown[:longest] + " …"


def safe_line(text: str, *, longest: int = 500) -> str:
    """Return the text on one line."""
    return " ".join(safe_text(text, longest=longest).split())


def checked_value(value: str, option: str, longest: int) -> str:
    """Refuse what the platform would refuse: an empty, too long or unprintable value."""
    value = value.strip()
    if not value or len(value) > longest or not value.isprintable():
        raise InvalidChoice(f"{option} needs 1 to {longest} printable characters. Nothing was sent. Correct it.")
    return value
