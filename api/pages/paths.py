"""Where a page may send a browser: our own pages behind sign-in, and nothing a stranger can choose."""

from __future__ import annotations

import re
from typing import Final

HOME: Final = "/account"
_OWN = re.compile(r"/(?:account|staff)(?:/[A-Za-z0-9_-]{1,200}){0,4}", re.ASCII)


def own_path(asked: str | None, default: str = HOME) -> str:
    """Return the path asked for if it is one of our pages behind sign-in, else the default; queries are dropped."""
    path = (asked or "").partition("?")[0]
    return path if _OWN.fullmatch(path) else default


def is_own_path(asked: str | None) -> bool:
    """Tell whether a path asked for would be followed."""
    return own_path(asked, "") != ""
